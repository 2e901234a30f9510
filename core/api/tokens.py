"""/api/token/: a bearer token for an e-mail and a password, and a new one for an old one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from axes.helpers import get_cool_off
from django.contrib.auth import authenticate
from django.http import HttpRequest
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import Problem, too_many
from core.api.serializers import StrictSerializer
from core.api.views import ApiView
from core.models import User
from core.operations.tokens import (
    TokenPair,
    TokenRefused,
    issue_tokens,
    may_work,
    refresh_tokens,
)


class Login(StrictSerializer):
    """E-mail, as `username` or as `email`, and password."""

    username = serializers.CharField(max_length=254, required=False, help_text="The e-mail.")
    email = serializers.CharField(max_length=254, required=False, help_text="Instead of username.")
    password = serializers.CharField(max_length=1024, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Demand exactly one of the two names for the e-mail."""
        given = [attrs[name] for name in ("username", "email") if name in attrs]
        if len(given) != 1:
            words = "Give the e-mail, as `username` or as `email`."
            raise serializers.ValidationError({"username": [words]}, code="required")
        return {"username": given[0], "password": attrs["password"]}


class Refresh(StrictSerializer):
    """The refresh token of the last answer."""

    refresh = serializers.CharField(max_length=4096)


class Tokens(StrictSerializer):
    """`access` works for 15 minutes; `refresh` works once, within 7 days."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class Token(ApiView):
    """Trade an e-mail and a password for a pair of tokens.

    After 6 wrong passwords for one e-mail from one address, that pair is refused with 429 for 15
    minutes, whatever the password.
    """

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_create",
        tags=["token"],
        auth=[],
        request=Login,
        responses={200: Tokens},
        examples=[
            OpenApiExample(
                "Login",
                value={"username": "ada@amber.example", "password": "correct horse"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Log in."""
        form = Login(data=request.data)
        form.is_valid(raise_exception=True)
        user = _authenticated(request._request, **form.validated_data)
        return _answer(issue_tokens(user=user))


class RefreshToken(ApiView):
    """Trade a refresh token for a new pair; it is used up by that."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_refresh",
        tags=["token"],
        auth=[],
        request=Refresh,
        responses={200: Tokens},
    )
    def post(self, request: Request) -> Response:
        """Go on with a new pair."""
        form = Refresh(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            return _answer(refresh_tokens(refresh=form.validated_data["refresh"]))
        except TokenRefused as error:
            raise Problem(HTTPStatus.UNAUTHORIZED, "credentials_refused", str(error)) from None


def _authenticated(request: HttpRequest, *, username: str, password: str) -> User:
    """Return the user; raises AuthenticationFailed (401), or a Problem (429) for the locked out."""
    user = authenticate(request, username=username, password=password)
    if getattr(request, "axes_locked_out", False):
        # The lock-out's own middleware would put its page in the place of this answer.
        request.axes_locked_out = False  # type: ignore[attr-defined]
        wait = get_cool_off(request)
        minutes = int(wait.total_seconds() // 60)
        words = f"Too many wrong passwords. Nobody gets in this way for {minutes} minutes."
        raise too_many(words, int(wait.total_seconds()))
    if not isinstance(user, User) or not may_work(user):
        raise AuthenticationFailed
    return user


def _answer(pair: TokenPair) -> Response:
    data = {"access": pair.access, "refresh": pair.refresh}
    return Response(data, headers={"Cache-Control": "no-store"})
