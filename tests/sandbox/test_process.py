"""The program: its options, its end, and what survives it."""

import signal
import socket
import subprocess
import sys

import pytest

from tests.sandbox.conftest import ROOT, Api, Process, session_params


def _run(*arguments):
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=20
    )


@pytest.fixture
def stateful(tmp_path):
    process = Process("--port", "0", "--state", str(tmp_path / "state.db"), "--no-rate-limit")
    yield process
    process.end()


def test_help():
    result = _run("--help")

    assert result.returncode == 0
    assert "python -m sandbox" in result.stdout


def test_needs_no_other_part_of_taproom():
    code = (
        "import sys, sandbox.__main__; "
        "print({'django', 'core', 'payments', 'config', 'stripe'} & {m.partition('.')[0] "
        "for m in sys.modules})"
    )
    command = [sys.executable, "-c", code]

    result = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)

    assert result.stdout == "set()\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com"])
def test_only_loopback(host):
    result = _run("--host", host)

    assert result.returncode == 2
    assert f"{host} is not a loopback address" in result.stderr


def test_taken_port_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = _run("--port", str(port))

    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert f"127.0.0.1:{port}" in result.stderr


def test_unreadable_state_is_one_clear_line(tmp_path):
    state = tmp_path / "state.db"
    state.write_text("this is no database, and long enough to be told from one")

    result = _run("--port", "0", "--state", str(state))

    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)


def test_state_in_use_is_one_clear_line(stateful):
    result = _run(*stateful.arguments)

    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert "locked" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly(number):
    process = Process("--port", "0")

    assert process.end(number) == 0


def test_limits_are_on_by_default():
    process = Process("--port", "0", "--total", "2")
    api = Api(process.url)

    statuses = [api.send("GET", "/v1/customers").status_code for _ in range(3)]

    api.session.close()
    assert process.end() == 0
    assert statuses == [200, 200, 429]


def test_state_survives_a_kill(stateful):
    key = {"Idempotency-Key": "k"}
    api = Api(stateful.url)
    customer = api.post("/v1/customers", {"name": "Ada"}, **key)
    api.control("/clock", {"advance": 1000})
    stateful.end(signal.SIGKILL)
    api.session.close()
    stateful.start()
    again = Api(stateful.url)

    replayed = again.send("POST", "/v1/customers", {"name": "Ada"}, **key)

    assert replayed.json() == customer
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert again.get("/v1/customers")["data"] == [customer]
    assert again.control("/clock", method="GET")["offset"] == 1000
    again.session.close()


def test_webhook_is_retried_after_a_restart(stateful, receiver):
    api = Api(stateful.url)
    api.post("/v1/webhook_endpoints", {"url": receiver.url, "enabled_events[]": "*"})
    receiver.statuses[:] = [500]
    api.post("/v1/customers")
    receiver.next()
    stateful.end(signal.SIGKILL)
    api.session.close()
    stateful.start()

    _, body = receiver.next()

    assert b'"customer.created"' in body


def test_session_expires_after_a_restart(stateful):
    api = Api(stateful.url)
    session = api.post("/v1/checkout/sessions", session_params())
    stateful.end()
    api.session.close()
    stateful.start()
    again = Api(stateful.url)

    again.control("/clock", {"advance": 24 * 3600})

    found = again.get(f"/v1/checkout/sessions/{session['id']}")
    assert found["status"] == "expired"
    again.session.close()
