"""The dump of the source's own project, where TAPROOM_LEASE_DUMP names it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from django.core.management import call_command

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import House, Lease, Resident, Room

DUMP = os.environ.get("TAPROOM_LEASE_DUMP", "")
pytestmark = pytest.mark.skipif(not DUMP, reason="TAPROOM_LEASE_DUMP names no dump")


def test_real_dump_is_imported_whole_and_told(tenant: Tenant, tmp_path: Path) -> None:
    report = tmp_path / "report.md"

    out = io.StringIO()
    call_command("import_leases", DUMP, tenant="amber", report=report, stdout=out)

    with scope(tenant.pk):
        assert [model.objects.count() for model in (Resident, Room, Lease, House)] == [
            20,
            20,
            20,
            18,
        ]
        assert Lease.objects.exclude(resident=None).count() == 19
        assert Lease.objects.exclude(room=None).count() == 19
        assert set(Room.objects.values_list("price_minor", flat=True)) == {100000, 120000, 140000}
