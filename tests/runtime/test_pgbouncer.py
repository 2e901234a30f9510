"""Tenants stay apart when PgBouncer lends one connection to many, transaction by transaction."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from core.demo.processes import end_child, service_account, spawn, wait_until
from core.models import Tenant, WebhookMessage
from core.tenancy import scope
from tests.runtime.conftest import ROOT
from tests.servers import address, free_port

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(PGBOUNCER is None, reason="needs pgbouncer (apt-get install pgbouncer)"),
]

# Eight threads look at two tenants in turn, and in between without any; prints what they saw.
LOOK = """
import json, sys, django
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from core.models import WebhookMessage
from core.tenancy import scope

def look(number):
    seen = set()
    for turn in range(25):
        tenant = sys.argv[1 + (number + turn) % 2]
        with scope(tenant):
            rows = {str(pk) for pk in WebhookMessage.objects.values_list("tenant_id", flat=True)}
            rows |= {str(r.tenant_id) for r in WebhookMessage.objects.all().iterator()}
        seen.add((rows == {tenant}, WebhookMessage.objects.count()))
    connection.close()
    return sorted(seen)

with ThreadPoolExecutor(8) as threads:
    print(json.dumps(sorted({tuple(one) for seen in threads.map(look, range(8)) for one in seen})))
"""


@pytest.fixture
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The database's address through a pool of two connections."""
    here = Path("/var/tmp") / f"taproom-bouncer-{os.getpid()}"  # short, and open to its user
    here.mkdir(mode=0o755)
    account = service_account()
    if account:
        os.chown(here, account.uid, account.gid)
    parts = urlsplit(address("taproom_app"))
    [socket] = parse_qs(parts.query)["host"]
    name, port = parts.path.lstrip("/"), free_port()
    (here / "users.txt").write_text('"taproom_app" ""\n')
    (here / "pgbouncer.ini").write_text(
        f"[databases]\n{name} = host={socket}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {here}/users.txt\n"
        "pool_mode = transaction\ndefault_pool_size = 2\n"
    )
    log = here / "log"
    log.touch()
    child = spawn(
        [str(PGBOUNCER), here / "pgbouncer.ini"],
        log=log, cwd=here, env={"PATH": os.environ["PATH"]}, account=account,
    )  # fmt: skip
    try:
        assert wait_until(lambda: "process up" in log.read_text(), seconds=20), log.read_text()
        yield f"postgresql://taproom_app@127.0.0.1:{port}/{name}"
    finally:
        end_child(child, (), seconds=5)
        shutil.rmtree(here)


def test_scopes_hold_when_connections_are_shared(
    tenant: Tenant, other_tenant: Tenant, pooled: str
) -> None:
    for company in (tenant, other_tenant):
        with scope(company.pk):
            for _ in range(3):
                WebhookMessage.objects.create(
                    tenant=company, event_type="t", body="{}", happened_at=company.created_at
                )

    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(tenant.pk), str(other_tenant.pk)],
        cwd=ROOT,
        env={
            **os.environ, "DATABASE_URL": pooled, "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[True, 0]]
