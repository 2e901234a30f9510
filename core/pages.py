"""The one way in for pages of staff: who may see them, and for which company.

`staff_page` wraps a plain view, `BackOffice.admin_view` an admin view; both come here. Middleware
with ATOMIC_REQUESTS would not do: Django renders template responses outside of it, where a
tenant's rows do not exist, and answers of status 500 would be committed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from allauth.mfa.adapter import get_adapter as mfa_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from core import tenancy
from core.models import Tenant, User

Page = Callable[..., HttpResponseBase]

WORKING_TENANT = "working_tenant"


class StreamError(Exception):
    """A page returned a stream: its rows would be read after the scope has ended, as none."""


class StaffRequest(HttpRequest):
    """A request that passed the gate: of a member of staff, inside the scope of `tenant`."""

    user: User
    tenant: Tenant


def role_of(user: User) -> str:
    """Return the role a person acts in; platform operators act as admins."""
    return User.Role.ADMIN if user.is_admin else user.role


def is_staff(user: Any) -> bool:
    """Return whether this is an active member of staff."""
    return bool(user.is_authenticated and user.is_active and user.is_staff)


def tenant_of(request: HttpRequest) -> Tenant | None:
    """Return the company that the person works in, if it is open; operators choose theirs."""
    user = cast("User", request.user)
    tenant_id: UUID | str | None = user.tenant_id
    if user.is_superuser:
        tenant_id = request.session.get(WORKING_TENANT) or tenant_id
    return Tenant.objects.filter(pk=tenant_id, is_active=True).first() if tenant_id else None


def second_factor_missing(user: User) -> bool:
    """Return whether this person must set up a second factor before they may go on."""
    return settings.MFA_REQUIRED and not mfa_adapter().is_mfa_enabled(user)


def gate(request: HttpRequest, tenant: Tenant | None) -> HttpResponseBase | None:
    """Return where to go first - log in, second factor, choice of company - or None.

    Raises PermissionDenied for people whose company is switched off.
    """
    user = cast("User", request.user)
    if second_factor_missing(user):
        messages.warning(request, "Set up two-step login first; the back office needs it.")
        return HttpResponseRedirect(reverse("mfa_activate_totp"))
    if tenant is not None:
        return None
    if user.is_superuser:
        query = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{reverse('admin:pick_tenant')}?{query}")
    raise PermissionDenied("This company's account is switched off.")


def answer_in_scope(
    request: HttpRequest, tenant: Tenant, view: Page, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    """Run a view in the scope and time zone of `tenant` and render its answer there.

    An exception rolls everything back, and so does an answer of status 500 or above.
    """
    staff = cast("StaffRequest", request)
    staff.tenant = tenant
    with (
        timezone.override(tenant.zone),
        tenancy.scope(tenant.pk, user_id=staff.user.pk, role=role_of(staff.user)),
    ):
        response = view(request, *args, **kwargs)
        if isinstance(response, SimpleTemplateResponse):
            response.render()
        if getattr(response, "streaming", False):
            raise StreamError(f"{request.path}: make the file inside the scope instead.")
        if response.status_code >= 500:
            transaction.set_rollback(True)
    return response


def guarded(request: HttpRequest, view: Page, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """Answer for staff: pass the gate, then run the view in the scope of their company."""
    tenant = tenant_of(request)
    elsewhere = gate(request, tenant)
    if elsewhere is not None or tenant is None:
        return elsewhere or HttpResponseRedirect(resolve_url(settings.LOGIN_URL))
    return answer_in_scope(request, tenant, view, *args, **kwargs)


def staff_page(*, roles: frozenset[str] = frozenset(User.Role.values)) -> Callable[[Page], Page]:
    """Make a view a page of staff with one of `roles`: `@staff_page()`.

    The view gets a StaffRequest and should return a TemplateResponse; it is rendered in the scope.
    """

    def decorate(view: Page) -> Page:
        @never_cache
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not is_staff(request.user):
                return redirect_to_login(request.get_full_path())
            if role_of(cast("User", request.user)) not in roles:
                raise PermissionDenied("Your role does not open this page.")
            return guarded(request, view, *args, **kwargs)

        return page

    return decorate
