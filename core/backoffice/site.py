"""The admin site: every view of it runs in the scope of the company that the person works in."""

from __future__ import annotations

from functools import wraps
from typing import Any, cast

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from core.backoffice.home import home_context
from core.backoffice.pages import find, pick_tenant
from core.pages import guarded, is_staff

# Libraries put pages of their own on the default site. Theirs show secrets, rows of all companies
# or are broken; core.backoffice.platform and payments.mirror_admin hold what replaces them.
LIBRARIES = ("djstripe.", "allauth.", "rest_framework_simplejwt.", "django.contrib.auth.", "axes.")

# Title and order of the groups in the list of all rows, by app.
GROUPS = {
    "payments": ("Payments", 10),
    "crm": ("Leads and applications", 20),
    "subscriptions": ("Clubs and rents", 30),
    "billing": ("Usage billing", 40),
    "core": ("People and access", 50),
    "djstripe": ("Stripe mirror", 60),
    "axes": ("Platform: logins", 80),
    "token_blacklist": ("Platform: API tokens", 81),
}
LAST = 90
# "Tenant" is our word for it; the people who work here say "company".
NAMES = {"Tenant": "Company"}


class BackOffice(AdminSite):
    """Taproom's back office."""

    site_header = site_title = "Taproom"
    index_title = "Home"
    site_url = None
    enable_nav_sidebar = True

    def register(
        self,
        model_or_iterable: Any,
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Register Taproom's own pages, and leave those of LIBRARIES out."""
        if admin_class is None or not admin_class.__module__.startswith(LIBRARIES):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether this is an active member of staff."""
        return is_staff(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Open the scope around a view of the admin, once the person passed the gate.

        Django's admin trusts that a filter's or a row's value in an address or a form is one that
        it gave out itself: what cannot be one is a bad request.
        """

        @wraps(view)
        def scoped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return guarded(request, view, *args, **kwargs)
            except (ValidationError, DataError) as error:
                raise BadRequest(f"{request.path} was asked with an impossible value") from error

        return super().admin_view(scoped, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the search and the choice of company to the admin's routes."""
        own = [
            path("search/", self.admin_view(find), name="search"),
            path("company/", pick_tenant, name="pick_tenant"),
        ]
        return own + super().get_urls()

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show what waits, what happened last, and the way to all rows."""
        staff = cast("Any", request)
        more = home_context(user=staff.user, tenant=staff.tenant, now=timezone.now())
        return super().index(request, {**more, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the lists this person may open, in groups with names of the field."""
        groups = super().get_app_list(request, app_label)
        for group in groups:
            group["name"] = GROUPS.get(group["app_label"], (group["name"], LAST))[0]
            for entry in group["models"]:
                entry["name"] = NAMES.get(entry["object_name"], entry["name"])
        return sorted(groups, key=lambda g: GROUPS.get(g["app_label"], ("", LAST))[1])

    def get_log_entries(self, request: HttpRequest) -> QuerySet[LogEntry]:
        """Return what people of the company in scope did; the log itself is of all companies."""
        entries = super().get_log_entries(request)
        tenant = getattr(request, "tenant", None)
        return entries.filter(user__tenant=tenant) if tenant else entries.none()

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        """Send everybody to the one login, and back to where they wanted to go."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(
            wanted, {request.get_host()}, require_https=request.is_secure()
        ):
            wanted = reverse("admin:index")
        query = urlencode({"next": wanted})
        return HttpResponseRedirect(f"{reverse('account_login')}?{query}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send to the one page for logging out."""
        return HttpResponseRedirect(reverse("account_logout"))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Send to the one page for changing a password."""
        return HttpResponseRedirect(reverse("account_change_password"))
