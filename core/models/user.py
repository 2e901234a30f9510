"""The people who work with Taproom."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from core.models.base import Row


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail, in lower case, so that one person is one row."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create and return a user; without a password nobody can log in as them."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.full_clean(exclude=["id", "created_at", "updated_at"])
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a platform operator: no tenant of their own; they pick one to work in."""
        return self.create_user(email, password, is_superuser=True, is_staff=True, **fields)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the whole address in lower case."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a user by e-mail, however it was typed."""
        return self.get(email=self.normalize_email(username))


class User(Row, AbstractBaseUser, PermissionsMixin):
    """A person with a login: of one tenant with a role, or a platform operator without one.

    The table has no row-level security, since a login must be found before its tenant is known.
    """

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        COUNSELOR = "counselor", "Counselor"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=12, choices=Role, default=Role.COUNSELOR)
    tenant = models.ForeignKey(
        "core.Tenant", on_delete=models.PROTECT, null=True, blank=True, related_name="users"
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may log in to the back office", default=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                name="user_role_is_known", condition=models.Q(role__in=["admin", "counselor"])
            ),
            models.CheckConstraint(
                name="user_has_tenant_unless_operator",
                condition=models.Q(tenant__isnull=False) | models.Q(is_superuser=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        """Keep e-mail addresses in lower case, whoever typed them."""
        self.email = UserManager.normalize_email(self.email)
        super().clean()

    @property
    def is_admin(self) -> bool:
        """Whether this person may see and do everything in their tenant."""
        return self.is_superuser or self.role == self.Role.ADMIN
