"""Usage: read, placed, stored, counted in its bucket, answered for; from files, and into files."""

from billing.operations.usage.columns import Columns
from billing.operations.usage.reading import (
    MOST_EVENTS,
    BatchTooLong,
    BatchUnreadable,
    read_batch,
    read_event,
    read_line,
)
from billing.operations.usage.recording import TooBusy, record_usage
from billing.operations.usage.sent import Counts, Refused, Sent, Verdict

__all__ = [
    "MOST_EVENTS",
    "BatchTooLong",
    "BatchUnreadable",
    "Columns",
    "Counts",
    "Refused",
    "Sent",
    "TooBusy",
    "Verdict",
    "read_batch",
    "read_event",
    "read_line",
    "record_usage",
]
