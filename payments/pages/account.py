"""Connect the company's Stripe account: the one staff page that asks Stripe while it answers.

No transaction may be open during a call, so that this page opens the scope for what it shows
only, after the same gate as all others.
"""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.models import Tenant, User
from core.pages import answer_in_scope, gate, is_staff, role_of, tenant_of
from payments.forms import ConnectForm
from payments.gateway import StripeRefused, StripeUnavailable
from payments.models import StripeAccount
from payments.operations.accounts import OtherAccount, WrongMode, connect_account
from payments.operations.endpoints import SecretMissing, receive_webhooks


@never_cache
@sensitive_post_parameters("secret_key")
@require_http_methods(["GET", "HEAD", "POST"])
def stripe_connect(request: HttpRequest) -> HttpResponseBase:
    """Ask for a secret key, store it with the account it belongs to, and set up webhooks."""
    if not is_staff(request.user):
        return redirect_to_login(request.get_full_path())
    if role_of(cast("User", request.user)) != User.Role.ADMIN:
        raise PermissionDenied("Only admins connect a Stripe account.")
    tenant = tenant_of(request)
    elsewhere = gate(request, tenant)
    if elsewhere is not None or tenant is None:
        return elsewhere or HttpResponseRedirect(reverse("admin:index"))
    form = ConnectForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _connect(request, tenant, form):
        return HttpResponseRedirect(reverse("admin:payments_stripeaccount_changelist"))
    return answer_in_scope(request, tenant, _form_page, form)


def _form_page(request: HttpRequest, form: ConnectForm) -> HttpResponse:
    context = {
        "form": form,
        "account": StripeAccount.objects.first(),
        "is_test": not settings.STRIPE_LIVE_MODE,
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "payments/staff/connect.html", context, status=status)


def _connect(request: HttpRequest, tenant: Tenant, form: ConnectForm) -> bool:
    """Store the key, then make the webhook endpoint; say at the field what went wrong."""
    try:
        account = connect_account(
            tenant_id=tenant.pk,
            secret_key=form.cleaned_data["secret_key"],
            livemode=settings.STRIPE_LIVE_MODE,
        )
    except (WrongMode, OtherAccount) as error:
        form.add_error("secret_key", str(error))
        return False
    except StripeRefused:
        form.add_error("secret_key", "Stripe does not know this key. Nothing was stored.")
        return False
    except StripeUnavailable:
        form.add_error(None, "Stripe does not answer right now. Nothing was stored: try again.")
        return False
    messages.success(request, f"Connected to {account.stripe_account_id}.")
    try:
        receive_webhooks(tenant_id=tenant.pk, account=account)
    except SecretMissing as error:
        messages.warning(request, str(error))
    except (StripeRefused, StripeUnavailable) as error:
        messages.warning(
            request,
            f"The key is stored, but Stripe could not be told where to send news: {error}"
            " Open “Connect” and save the key again, or enter the webhook's secret by hand.",
        )
    return True
