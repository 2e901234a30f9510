"""The tenant scope: the one way to the rows of a tenant.

`scope` opens the transaction and tells PostgreSQL, for that transaction only, whose rows may be
seen (`app.tenant_id`), for whom (`app.user_id`) and in which role (`app.role`). The policies in
core.rls read these settings. Outside a scope every tenant table is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows are open, and for whom."""

    tenant_id: UUID
    user_id: UUID | None
    role: str


class OtherTenantInScope(Exception):
    """Code in the scope of one tenant asked for another one."""


class NoScope(Exception):
    """Code that needs to know its tenant ran outside a scope."""


_current: ContextVar[Scope | None] = ContextVar("tenant_scope", default=None)

# One statement for the three settings; `true` ends them with the transaction.
_TELL = (
    "SELECT set_config('app.tenant_id', %s, true), set_config('app.user_id', %s, true),"
    " set_config('app.role', %s, true)"
)


@contextmanager
def scope(tenant_id: UUID, *, user_id: UUID | None = None, role: str = "system") -> Iterator[Scope]:
    """Open a transaction in which exactly the rows of `tenant_id` exist.

    Nested use for the same tenant is a savepoint in the outer scope, whose user and role stay;
    for another tenant it raises OtherTenantInScope. An exception rolls back and leaves nothing
    set on the connection. Raises RuntimeError inside a transaction that is no scope, since
    settings made there would outlive the scope.
    """
    outer = _current.get()
    if outer is not None:
        if outer.tenant_id != tenant_id:
            raise OtherTenantInScope(f"{tenant_id} asked for inside {outer.tenant_id}")
        with transaction.atomic():
            yield outer
        return
    inner = Scope(tenant_id=tenant_id, user_id=user_id, role=role)
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_TELL, [str(tenant_id), str(user_id or ""), role])
        token = _current.set(inner)
        try:
            yield inner
        finally:
            _current.reset(token)


def current() -> Scope:
    """Return the scope that is open; raises NoScope outside one."""
    found = _current.get()
    if found is None:
        raise NoScope("This needs a tenant: open core.tenancy.scope(...) first.")
    return found


def current_or_none() -> Scope | None:
    """Return the scope that is open, or None."""
    return _current.get()
