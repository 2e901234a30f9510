"""How staff log in: by e-mail and password, with a second factor, and locked out after failures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.encryption import CannotDecrypt, cipher
from core.models import User
from core.models.user import UserManager
from core.ratelimit import client_address


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Lets in active staff of open companies, and nobody else; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Keep sign-up closed: admins add people in the back office."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the member of staff that the credentials are of, or None.

        allauth's own count of failures is left out: axes locks out, by e-mail and address.
        """
        user = authenticate(request, **credentials)
        return user if user is not None and may_log_in(user) else None

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that all our limits count by."""
        return client_address(request)


class StaffMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Keeps the secrets of second factors encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Return the text as it lies in the database."""
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text; raises CannotDecrypt when no key of FIELD_ENCRYPTION_KEYS fits."""
        try:
            return cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise CannotDecrypt(
                "A second factor cannot be read: no key of FIELD_ENCRYPTION_KEYS opens it."
            ) from None


def may_log_in(user: User) -> bool:
    """Return whether a person whose password is right may come in."""
    return user.is_active and user.is_staff and (user.tenant is None or user.tenant.is_active)


def login_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return the e-mail that a login is tried with, in lower case, for axes to count by.

    Otherwise writing one address in many ways would give as many tries.
    """
    given = credentials or request.POST
    name = given.get("email") or given.get("username") or given.get("login") or ""
    return UserManager.normalize_email(str(name))


def locked_out(
    request: HttpRequest, answer: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Answer 429 to a locked out login and say when to try again; API answers stay as they are.

    Each further try starts the wait anew, so the time counts from now.
    """
    if answer is not None and request.path.startswith("/api/"):
        return answer
    wait: timedelta = settings.AXES_COOLOFF_TIME
    context = {"again_at": timezone.now() + wait, "minutes": int(wait.total_seconds() // 60)}
    locked = render(request, "lockout.html", context, status=429)
    locked["Retry-After"] = str(int(wait.total_seconds()))
    return locked
