"""Promise: what was finalized bears the hash of what stands on it."""

from __future__ import annotations

from billing.queries.audit.check import Check
from billing.queries.content import hashes
from billing.queries.credit_content import note_hashes

INVOICES_UNCHANGED = Check(
    name="invoices_unchanged",
    says="The hash printed on an invoice is that of its content: all of them, or a daily tenth.",
    sql=f"""
WITH looked_at AS (
    SELECT * FROM billing_invoice WHERE state <> 'draft' AND (%(everything)s
        OR abs(hashtext(id::text || current_date)) %% 10 = 0)),
hashed AS ({hashes("looked_at")})
SELECT i.id::text, i.number || ': printed ' || left(i.content_sha256, 12) || ', content '
    || coalesce(left(h.content_sha256, 12), 'without lines') AS detail
FROM looked_at i LEFT JOIN hashed h ON h.id = i.id
WHERE i.content_sha256 IS DISTINCT FROM h.content_sha256
""",  # noqa: S608 - ours
)

CREDIT_NOTES_UNCHANGED = Check(
    name="credit_notes_unchanged",
    says="The hash printed on a credit note is that of its content.",
    sql=f"""
WITH hashed AS ({note_hashes()})
SELECT n.id::text, n.number || ': printed ' || left(n.content_sha256, 12) || ', content '
    || coalesce(left(h.content_sha256, 12), 'without lines') AS detail
FROM billing_creditnote n LEFT JOIN hashed h ON h.id = n.id
WHERE n.content_sha256 IS DISTINCT FROM h.content_sha256
""",  # noqa: S608 - ours
)
