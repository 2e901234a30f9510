"""What an import has found, kept on the disk: 100,000 findings take no memory."""

from __future__ import annotations

import marshal
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, cast

from subscriptions.operations.lease_import.rules import Finding


class Told:
    """All findings of an import, in order; `by_rule` and `by_table` count them."""

    def __init__(self) -> None:
        self.file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed by close()
        self.by_rule: Counter[str] = Counter()
        self.by_table: Counter[tuple[str, str]] = Counter()

    def add(self, finding: Finding) -> None:
        """Keep one finding."""
        marshal.dump(tuple(finding), self.file)
        self.by_rule[finding.rule] += 1
        self.by_table[finding.table, finding.rule] += 1

    def __iter__(self) -> Iterator[Finding]:
        self.file.seek(0)
        while True:
            try:
                yield Finding(*marshal.load(self.file))  # noqa: S302 - written by ourselves
            except EOFError:
                return

    def __len__(self) -> int:
        return self.by_rule.total()

    def close(self) -> None:
        """Throw the findings away."""
        self.file.close()
