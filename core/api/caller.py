"""Who makes a request: a person or a program, working in one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core import scopes
from core.models import ApiKey, Tenant, User


@dataclass(frozen=True, slots=True)
class Caller:
    """What authentication found; it is `request.auth`. Exactly one of user and key is given.

    `tenant` is None only for a platform operator who has not said in which tenant to work.
    """

    tenant: Tenant | None
    user: User | None = None
    api_key: ApiKey | None = None

    @property
    def id(self) -> str:
        """A name for limits and stored answers, at most 48 characters."""
        return f"key:{self.api_key.pk}" if self.api_key else f"user:{self.user_id}"

    @property
    def user_id(self) -> UUID | None:
        """The person's id; None for a program."""
        return self.user.pk if self.user else None

    @property
    def role(self) -> str:
        """The role told to PostgreSQL: a program acts as the system, within its scopes."""
        if self.user is None:
            return "system"
        return User.Role.ADMIN.value if self.user.is_admin else self.user.role

    @property
    def scopes(self) -> frozenset[str]:
        """What this caller may do."""
        if self.api_key is not None:
            return frozenset(self.api_key.scopes)
        return scopes.of_role(self.role)
