"""Pages of the back office that belong to no model: search, and the choice of a company."""

from __future__ import annotations

from typing import cast

from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.backoffice.forms import PickTenantForm
from core.backoffice.search import search
from core.models import Tenant, User
from core.pages import WORKING_TENANT, is_staff, second_factor_missing, tenant_of


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Search for `?q=`: JSON for the palette, a page for everybody else."""
    query = request.GET.get("q", "")
    results = search(query=query, user=cast("User", request.user))
    if request.accepts("text/html"):
        context = {**site.each_context(request), "title": "Search", "query": query}
        return TemplateResponse(request, "admin/search.html", {**context, "results": results})
    return JsonResponse(
        {
            "results": [
                {"kind": r.kind, "title": r.title, "url": r.url, "detail": r.detail}
                for r in results
            ]
        }
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pick_tenant(request: HttpRequest) -> HttpResponseBase:
    """Let a platform operator choose the company to work in."""
    if not is_staff(request.user):
        return site.login(request)
    user = cast("User", request.user)
    if not user.is_superuser:
        raise PermissionDenied("Only platform operators work in more than one company.")
    if second_factor_missing(user):
        return HttpResponseRedirect(reverse("mfa_activate_totp"))
    form = PickTenantForm(request.POST or None, initial={"tenant": tenant_of(request)})
    if request.method == "POST" and form.is_valid():
        request.session[WORKING_TENANT] = str(form.cleaned_data["tenant"].pk)
        return HttpResponseRedirect(where_to(request))
    context = {"form": form, "next": request.GET.get("next", ""), "any": Tenant.objects.exists()}
    return TemplateResponse(request, "core/pick_tenant.html", context)


def where_to(request: HttpRequest) -> str:
    """Return the page that was wanted before, if it is one of ours."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()})
    return wanted if is_ours else reverse("admin:index")
