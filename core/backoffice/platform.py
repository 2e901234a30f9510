"""Pages for operators of the platform alone: logins of all companies."""

from __future__ import annotations

from typing import ClassVar

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from core.backoffice.admin import OperatorAdmin


@admin.register(AccessAttempt)
class AccessAttemptAdmin(OperatorAdmin):
    """Failed logins that are being counted; deleting a row lifts its lock-out."""

    operator_may: ClassVar[frozenset[str]] = frozenset({"view", "delete"})
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "=ip_address")
    exclude = ("get_data", "post_data")


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(OperatorAdmin):
    """Logins that failed."""

    list_display = ("attempt_time", "username", "ip_address", "locked_out")
    search_fields = ("username", "=ip_address")


@admin.register(AccessLog)
class AccessLogAdmin(OperatorAdmin):
    """Logins that succeeded."""

    list_display = ("attempt_time", "logout_time", "username", "ip_address")
    search_fields = ("username", "=ip_address")
    exclude = ("session_hash",)


@admin.register(OutstandingToken)
class OutstandingTokenAdmin(OperatorAdmin):
    """Refresh tokens that were given out; the token itself is never shown."""

    list_display = ("jti", "user", "created_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("=jti", "=user__email")
    exclude = ("token",)


@admin.register(BlacklistedToken)
class BlacklistedTokenAdmin(OperatorAdmin):
    """Refresh tokens that were used up or taken back."""

    list_display = ("token", "blacklisted_at")
    list_select_related = ("token__user",)
    search_fields = ("=token__jti",)
