"""Controls of what goes wrong with money that came: disputes, warnings, accounts that are shut."""

from sandbox import accounts, disputing
from sandbox.books import Json
from sandbox.control.objects import find
from sandbox.control.routes import Command, ControlError, control
from sandbox.events import record


@control("POST", "/charges/{id}/dispute")
def dispute_charge(command: Command) -> Json:
    """Open a dispute of a paid charge, for ``reason`` (``fraudulent``). Returns the dispute."""
    given = command.read(reason=str, inquiry=bool)
    with command.sandbox.store.transaction():
        books, charge = find(command, "charge")
        reason, is_inquiry = given.get("reason", "fraudulent"), given.get("inquiry", False)
        return disputing.open_dispute(books, charge, reason, is_inquiry=is_inquiry)


@control("POST", "/charges/{id}/early_fraud_warning")
def warn_of_charge(command: Command) -> Json:
    """Have an issuer warn of a charge. Returns the warning."""
    given = command.read(fraud_type=str)
    with command.sandbox.store.transaction():
        books, charge = find(command, "charge")
        return disputing.warn(books, charge, given.get("fraud_type", "misc"))


@control("POST", "/disputes/{id}/end")
def end_dispute(command: Command) -> Json:
    """End a dispute as ``won`` or ``lost``, or an inquiry as ``warning_closed``."""
    given = command.read(status=str)
    with command.sandbox.store.transaction():
        books, dispute = find(command, "dispute")
        is_inquiry = dispute["status"].startswith("warning_")
        allowed = ("warning_closed",) if is_inquiry else ("won", "lost")
        if dispute["status"] in disputing.ENDED:
            raise ControlError(f"this dispute is {dispute['status']} already", 409)
        if given.get("status") not in allowed:
            raise ControlError(f"status must be {' or '.join(allowed)}")
        return disputing.end(books, dispute, given["status"])


@control("POST", "/disputes/{id}/escalate")
def escalate_inquiry(command: Command) -> Json:
    """Turn an inquiry into a dispute. Returns it."""
    command.read()
    with command.sandbox.store.transaction():
        return disputing.escalate(*find(command, "dispute"))


@control("POST", "/accounts/{id}/capabilities")
def set_capabilities(command: Command) -> Json:
    """Say whether a connected account takes transfers. Returns the account."""
    given = command.read(transfers=str)
    if given.get("transfers") not in ("active", "inactive"):
        raise ControlError("transfers must be active or inactive")
    sandbox = command.sandbox
    with sandbox.store.transaction():
        found = accounts.find(sandbox.store, command.id)
        if found is None or found.platform is None:
            raise ControlError(f"no such connected account: {command.id}", 404)
        body = {**found.body, "capabilities": {**found.body["capabilities"], **given}}
        accounts.save(sandbox.store, body)
        record(sandbox.books(found.id), "account.updated", body)
    return body
