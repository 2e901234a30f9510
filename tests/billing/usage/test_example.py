"""The client in the documentation."""

from __future__ import annotations

import importlib.util
import uuid
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "send_usage.py"


def test_keys_of_the_example_are_uuids_of_version_7_in_the_order_of_time():
    spec = importlib.util.spec_from_file_location("send_usage", EXAMPLE)
    assert spec is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)

    keys = [uuid.UUID(example.new_key()) for _ in range(50)]

    assert {(key.version, key.variant) for key in keys} == {(7, uuid.RFC_4122)}
    moments = [key.int >> 80 for key in keys]
    assert moments == sorted(moments)
    assert len(set(keys)) == 50
