"""The orders of the lists; cursors name places in them."""

from __future__ import annotations

from core.api.pagination import CursorPages


class DueFirst(CursorPages):
    """What is due first comes first."""

    columns = ("due_at", "id")
    is_descending = False


class LatestFirst(CursorPages):
    """What happened last comes first."""

    columns = ("happened_at", "id")


class AsInPipeline(CursorPages):
    """From left to right in the pipeline."""

    columns = ("position", "key")
    is_descending = False


class ByName(CursorPages):
    """By name, from A to Z."""

    columns = ("name", "id")
    is_descending = False


class OldestFirst(CursorPages):
    """Who came first comes first."""

    is_descending = False
