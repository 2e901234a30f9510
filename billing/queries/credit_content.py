"""The content of a credit note: one text, told by PostgreSQL and by Python alike, and its hash.

As with invoices (billing.queries.content): facts about money, no names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from billing.models import CreditNote, CreditNoteLine


def note_hashes() -> str:
    """Return a SELECT of `id` and `content_sha256` of all credit notes."""
    return r"""
        SELECT n.id, encode(sha256(convert_to(
            'credit_note=' || n.id || E'\n' || 'number=' || n.number || E'\n'
            || 'invoice=' || n.invoice_id || E'\n' || 'currency=' || n.currency || E'\n'
            || 'amount_minor=' || n.amount_minor || E'\n' || 'settled_by=' || n.settled_by || E'\n'
            || 'issued_on=' || to_char(n.issued_on, 'YYYY-MM-DD') || E'\n'
            || t.lines, 'UTF8')), 'hex') AS content_sha256
        FROM billing_creditnote n JOIN (
            SELECT credit_note_id, string_agg(
                'line=' || coalesce(line_id::text, 'whole') || ' ' || amount_minor || E'\n', ''
                ORDER BY coalesce(line_id::text, '') COLLATE "C") AS lines
            FROM billing_creditnoteline GROUP BY credit_note_id) t ON t.credit_note_id = n.id
    """


def note_sha256(note: CreditNote, lines: Iterable[CreditNoteLine]) -> str:
    """Return the hash that a credit note must bear."""
    told = [
        f"credit_note={note.pk}",
        f"number={note.number}",
        f"invoice={note.invoice_id}",
        f"currency={note.currency}",
        f"amount_minor={note.amount_minor}",
        f"settled_by={note.settled_by}",
        f"issued_on={note.issued_on}",
    ]
    for line in sorted(lines, key=lambda line: str(line.line_id or "")):
        told.append(f"line={line.line_id or 'whole'} {line.amount_minor}")
    return hashlib.sha256("".join(f"{line}\n" for line in told).encode()).hexdigest()
