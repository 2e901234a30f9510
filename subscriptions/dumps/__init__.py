"""MySQL dumps, read as a stream: no MySQL, and no more memory than one row needs."""

from subscriptions.dumps.opening import DumpUnreadable, open_dump
from subscriptions.dumps.reading import Row, Table, read_dump

__all__ = ["DumpUnreadable", "Row", "Table", "open_dump", "read_dump"]
