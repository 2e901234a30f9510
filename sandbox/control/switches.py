"""Controls of the sandbox as a whole: clock, faults, limits, accounts, logs."""

import re
from dataclasses import asdict
from typing import Any

from sandbox import __doc__ as about
from sandbox import accounts, faults, ids, request_log, timers
from sandbox.books import Json
from sandbox.clock import ClockRunsForward
from sandbox.control.routes import Command, ControlError, control
from sandbox.errors import StripeError
from sandbox.spec.document import API_VERSION
from sandbox.state import Sandbox

ACCOUNT_ID = re.compile(r"acct_[A-Za-z0-9]{8,32}")
NUMBER = (int, float)


@control("GET", "/health")
def health(command: Command) -> Json:
    """Say that the sandbox is up, and which API version it speaks."""
    return {
        "status": "ok",
        "about": about,
        "api_version": API_VERSION,
        "livemode": False,
        "validate": command.sandbox.validate,
    }


@control("POST", "/reset")
def reset(command: Command) -> Json:
    """Forget everything, including faults and the clock's offset. Settings stay."""
    command.read()
    command.sandbox.reset()
    return {"reset": True}


@control("GET", "/clock")
def show_clock(command: Command) -> Json:
    """Return sandbox time and its offset, both in seconds."""
    clock = command.sandbox.clock
    return {"now": clock.now(), "offset": clock.offset}


@control("POST", "/clock")
def move_clock(command: Command) -> Json:
    """Move the clock on by ``advance`` seconds, or to the Unix time ``set``.

    What falls due on the way has happened when the answer comes; webhooks follow.
    Raises ControlError for anything that would turn it back.
    """
    given = command.read(advance=NUMBER, set=NUMBER)
    if len(given) != 1:
        raise ControlError("give one of advance and set")
    clock = command.sandbox.clock
    seconds = given["advance"] if "advance" in given else given["set"] - clock.now()
    try:
        clock.advance(seconds)
    except ClockRunsForward as error:
        raise ControlError(str(error)) from None
    timers.run_due(command.sandbox)
    return {"now": clock.now(), "offset": clock.offset}


@control("GET", "/faults")
def list_faults(command: Command) -> Json:
    """Return the rules in force with how often each still fires."""
    return {"faults": [rule.shown() for rule in command.sandbox.faults.all()]}


@control("POST", "/faults")
def add_faults(command: Command) -> Json:
    """Put one rule or a list of rules in force."""
    raw = command.body if isinstance(command.body, list) else [command.body]
    try:
        rules = [faults.parse(item) for item in raw]
    except faults.BadRule as error:
        raise ControlError(str(error)) from None
    command.sandbox.faults.add(rules)
    return {"faults": [rule.shown() for rule in rules]}


@control("DELETE", "/faults")
def clear_faults(command: Command) -> Json:
    """Drop every rule."""
    command.sandbox.faults.clear()
    return {"faults": []}


@control("GET", "/settings")
def show_settings(command: Command) -> Json:
    """Return what the command line or a later change has set."""
    return _settings(command.sandbox)


def _settings(sandbox: Sandbox) -> Json:
    return {"validate": sandbox.validate, "rate_limit": asdict(sandbox.limiter.limits)}


def _limits(command: Command, given: Any) -> None:
    limits = command.sandbox.limiter.limits
    kinds: dict[str, tuple[type, ...]] = {
        "enabled": (bool,),
        "per_endpoint": (int,),
        "total": (int,),
        "retry_after": (int, type(None)),
        "should_retry": (bool, type(None)),
    }
    for name, value in given.items():
        if name not in kinds or type(value) not in kinds[name]:
            raise ControlError(f"rate_limit.{name} is unknown or has the wrong type")
        if name in ("per_endpoint", "total") and value < 1:
            raise ControlError(f"rate_limit.{name} must be at least 1")
    for name, value in given.items():
        setattr(limits, name, value)
    command.sandbox.limiter.reset()


@control("POST", "/settings")
def change_settings(command: Command) -> Json:
    """Change ``validate`` and fields of ``rate_limit``; they last until the process ends."""
    given = command.read(validate=bool, rate_limit=dict)
    _limits(command, given.get("rate_limit", {}))
    command.sandbox.validate = given.get("validate", command.sandbox.validate)
    return _settings(command.sandbox)


def _shown(account: accounts.Account) -> Json:
    name = account.body["business_profile"]["name"]
    return {"id": account.id, "platform": account.platform, "business_name": name}


@control("GET", "/accounts")
def list_accounts(command: Command) -> Json:
    """Return every account, without keys."""
    rows = command.sandbox.store.rows("select id from accounts order by rowid")
    found = [accounts.find(command.sandbox.store, row["id"]) for row in rows]
    return {"accounts": [_shown(account) for account in found if account]}


def _new_account_id(command: Command, given: Json) -> str:
    key = given.get("secret_key")
    wanted = given.get("id") or (ids.account_of(key) if key else ids.new("acct"))
    if not ACCOUNT_ID.fullmatch(wanted):
        raise ControlError("id must be acct_ and 8 to 32 letters and digits")
    row = command.sandbox.store.row("select id from accounts where secret_key = ?", key)
    if row is not None and row["id"] != wanted:
        raise ControlError(f"this secret_key belongs to {row['id']} already", 409)
    return str(wanted)


@control("POST", "/accounts")
def set_account(command: Command) -> Json:
    """Create or change an account: key, id, business name, and the platform it is connected to.

    Raises ControlError for a key that is no test key or belongs to another account.
    """
    given = command.read(secret_key=str, id=str, business_name=str, platform=str)
    store = command.sandbox.store
    try:
        if "secret_key" in given:
            accounts.check_key(given["secret_key"])
    except StripeError as error:
        raise ControlError(str(error)) from None
    with store.transaction():
        account_id = _new_account_id(command, given)
        if "platform" in given and accounts.find(store, given["platform"]) is None:
            raise ControlError(f"no such platform account: {given['platform']}", 404)
        return _shown(_write_account(command, account_id, given))


def _write_account(command: Command, account_id: str, given: Json) -> accounts.Account:
    store = command.sandbox.store
    known = accounts.find(store, account_id)
    body = known.body if known else accounts.blank(account_id, int(command.sandbox.clock.now()))
    if "business_name" in given:
        body["business_profile"]["name"] = given["business_name"]
        body["settings"]["dashboard"]["display_name"] = given["business_name"]
    row = store.row("select secret_key from accounts where id = ?", account_id)
    key = given.get("secret_key", row["secret_key"] if row else None)
    platform = given.get("platform", known.platform if known else None)
    return accounts.add(store, body, secret_key=key, platform=platform)


@control("GET", "/requests")
def list_requests(command: Command) -> Json:
    """Return the API requests seen, oldest first; card numbers are starred."""
    return {"requests": request_log.entries(command.sandbox)}


@control("DELETE", "/requests")
def clear_requests(command: Command) -> Json:
    """Empty the log of requests."""
    command.sandbox.store.execute("delete from requests")
    return {"requests": []}
