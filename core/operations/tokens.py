"""Bearer tokens for people: a short one to work with, a long one to fetch the next pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token
from rest_framework_simplejwt.utils import datetime_from_epoch

from core.models import User


class TokenRefused(Exception):
    """A token is forged, expired, used up, or its owner is not who they were."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login or a refresh gives."""

    access: str
    refresh: str


def issue_tokens(*, user: User) -> TokenPair:
    """Return a new pair for a user whose password was just checked, or who refreshed.

    Keeps the refresh token's id, never the token: a stolen database dump opens nothing.
    """
    refresh = RefreshToken()
    for claim, value in claims_of(user).items():
        refresh[claim] = value
    OutstandingToken.objects.create(
        user=user,
        jti=refresh["jti"],
        token="",
        created_at=refresh.current_time,
        expires_at=datetime_from_epoch(refresh["exp"]),
    )
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def refresh_tokens(*, refresh: str) -> TokenPair:
    """Trade a refresh token for a new pair; it is used up by that, once, in a race too.

    Raises TokenRefused.
    """
    token = _read(RefreshToken, refresh)
    user = owner_of(token)
    with transaction.atomic():
        row = OutstandingToken.objects.filter(jti=token["jti"], user=user).first()
        if row is None or not BlacklistedToken.objects.get_or_create(token=row)[1]:
            raise TokenRefused("The refresh token was used before; log in again.")
        return issue_tokens(user=user)


def read_access_token(raw: str) -> User:
    """Return the user (with tenant) whom an access token speaks for; one query.

    Raises TokenRefused.
    """
    return owner_of(_read(AccessToken, raw))


def claims_of(user: User) -> dict[str, str | None]:
    """Return what a token says about its owner; `stamp` changes with the password."""
    return {
        "user_id": str(user.pk),
        "role": user.role,
        "tenant_id": str(user.tenant_id) if user.tenant_id else None,
        "stamp": salted_hmac("core.tokens", user.password, algorithm="sha256").hexdigest()[:32],
    }


def owner_of(token: Token) -> User:
    """Return the user a genuine token was given to, as they are in the database now.

    Raises TokenRefused if they, their tenant, role or password changed since, or are switched
    off: what a token claims is never believed, only compared.
    """
    user = User.objects.select_related("tenant").filter(pk=_user_id(token)).first()
    if user is None or not may_work(user):
        raise TokenRefused("The owner of the token may not log in any more.")
    for claim, value in claims_of(user).items():
        if not constant_time_compare(str(token.get(claim)), str(value)):
            raise TokenRefused("The owner of the token has changed since; log in again.")
    return user


def may_work(user: User) -> bool:
    """Return whether the user and their tenant are both switched on."""
    return user.is_active and (user.tenant is None or user.tenant.is_active)


_Kind = TypeVar("_Kind", bound=Token)


def _read(kind: type[_Kind], raw: str) -> _Kind:
    try:
        return kind(raw)  # type: ignore[arg-type]  # annotated as a Token, takes the text of one
    except TokenError as error:
        raise TokenRefused(str(error)) from None


def _user_id(token: Token) -> UUID:
    try:
        return UUID(str(token.get("user_id")))
    except ValueError:
        raise TokenRefused("The token names no user.") from None
