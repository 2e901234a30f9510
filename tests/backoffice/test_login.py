"""Logging in: by e-mail and password, locked out after failures, with a second factor."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from core.models import Tenant, User
from tests.backoffice.conftest import logged_in

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def log_in(client: Client, email: str, password: str = "correct horse", **extra: Any) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password}, **extra)


def code_now(secret: str = SECRET) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def fail_six_times(client: Client, email: str, **extra: Any) -> HttpResponse:
    answers = [log_in(client, email, "wrong", **extra) for _ in range(6)]
    assert [a.status_code for a in answers[:5]] == [200] * 5
    return answers[5]


def test_login_takes_email_in_any_letter_case(client: Client, admin: User) -> None:
    answer = log_in(client, "ADMIN@Amber.Example")

    assert answer.status_code == 302
    assert answer["Location"] == "/today/"
    assert client.get("/admin/").status_code == 200


def test_login_goes_back_to_the_page_that_was_wanted(client: Client, admin: User) -> None:
    asked = client.get("/admin/core/team/?q=x", follow=True)
    form_url = asked.redirect_chain[-1][0]

    answer = client.post(
        reverse("account_login"),
        {"login": admin.email, "password": "correct horse", "next": "/admin/core/team/?q=x"},
    )

    assert form_url == "/accounts/login/?next=%2Fadmin%2Fcore%2Fteam%2F%3Fq%3Dx"
    assert answer["Location"] == "/admin/core/team/?q=x"


def test_admin_login_does_not_lead_to_other_sites(client: Client, db: None) -> None:
    answer = client.get("/admin/login/?next=https://elsewhere.example/")

    assert answer["Location"] == "/accounts/login/?next=%2Fadmin%2F"


def test_login_refuses_people_who_are_switched_off(client: Client, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(is_active=False)

    assert log_in(client, admin.email).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_login_refuses_people_who_are_not_staff(client: Client, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(is_staff=False)

    assert log_in(client, admin.email).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_login_refuses_people_of_a_company_that_is_switched_off(
    client: Client, admin: User, tenant: Tenant
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)

    assert log_in(client, admin.email).status_code == 200


def test_open_session_ends_with_its_company(
    admin_pages: Client, admin: User, tenant: Tenant
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)

    assert admin_pages.get("/admin/").status_code == 403


def test_nobody_signs_up(client: Client, db: None) -> None:
    answer = client.post(
        reverse("account_signup"), {"email": "new@amber.example", "password1": "correct horse"}
    )

    assert "Nobody signs up here" in answer.content.decode()
    assert User.objects.count() == 0


def test_lockout_says_when_to_try_again(client: Client, admin: User) -> None:
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        answer = fail_six_times(client, admin.email)

    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert "10:15 UTC" in answer.content.decode()


def test_lockout_refuses_the_right_password_until_it_ends(client: Client, admin: User) -> None:
    fail_six_times(client, admin.email)

    during = log_in(client, admin.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        after = log_in(client, admin.email)

    assert (during.status_code, after.status_code) == (429, 302)


def test_lockout_counts_one_address_in_any_letter_case(client: Client, admin: User) -> None:
    for email in ("admin@amber.example", "Admin@amber.example", "ADMIN@AMBER.EXAMPLE"):
        log_in(client, email, "wrong")
        log_in(client, email, "wrong")

    assert log_in(client, admin.email).status_code == 429


def test_lockout_leaves_other_people_alone(client: Client, admin: User, counselor: User) -> None:
    fail_six_times(client, admin.email)

    assert log_in(client, counselor.email).status_code == 302


def test_lockout_counts_by_the_address_that_the_trusted_proxy_saw(
    client: Client, admin: User, settings: Settings
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    fail_six_times(client, admin.email, headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.1"})

    same = log_in(client, admin.email, headers={"X-Forwarded-For": "7.7.7.7, 192.0.2.1"})
    other = log_in(client, admin.email, headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.2"})

    assert (same.status_code, other.status_code) == (429, 302)


def test_second_factor_is_set_up_and_then_asked_for(client: Client, admin: User) -> None:
    log_in(client, admin.email)
    client.post(reverse("account_reauthenticate"), {"password": "correct horse"})
    page = client.get(reverse("mfa_activate_totp"))
    secret = re.search(r'id="totp-secret"[^>]*value="([A-Z2-7]+)"', page.content.decode())
    assert secret is not None

    done = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret[1])})
    client.post(reverse("account_logout"))
    asked = log_in(client, admin.email)
    before = client.get("/admin/").status_code
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        entered = client.post(asked["Location"], {"code": code_now(secret[1])})

    assert done["Location"] == reverse("mfa_view_recovery_codes")
    assert asked["Location"] == reverse("mfa_authenticate")
    assert before == 302
    assert entered["Location"] == "/today/"
    assert client.get("/admin/").status_code == 200


def test_second_factor_lies_encrypted(admin: User, rf: Any) -> None:
    TOTP.activate(admin, SECRET)

    stored = Authenticator.objects.get(user=admin)

    assert SECRET not in str(stored.data)
    assert stored.wrap().validate_code(code_now())


def test_second_factor_cannot_be_guessed(client: Client, admin: User) -> None:
    TOTP.activate(admin, SECRET)
    log_in(client, admin.email)
    for _ in range(10):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})

    right = client.post(reverse("mfa_authenticate"), {"code": code_now()})

    assert right.status_code == 200
    assert client.get("/admin/").status_code == 302


def test_required_second_factor_comes_before_anything_else(
    admin_pages: Client, settings: Settings
) -> None:
    settings.MFA_REQUIRED = True

    answers = [admin_pages.get(p) for p in ("/admin/", "/admin/core/user/", "/admin/search/?q=a")]

    assert [a["Location"] for a in answers] == [reverse("mfa_activate_totp")] * 3


def test_required_second_factor_lets_in_who_has_one(admin: User, settings: Settings) -> None:
    settings.MFA_REQUIRED = True
    TOTP.activate(admin, SECRET)

    assert logged_in(admin).get("/admin/").status_code == 200


def test_password_is_reset_by_mail(client: Client, admin: User, mailoutbox: list[Any]) -> None:
    client.post(reverse("account_reset_password"), {"email": "ADMIN@amber.example"})
    assert mailoutbox[0].from_email == "taproom@testserver"
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mailoutbox[0].body)
    assert link is not None

    form = client.get(link[1], follow=True)
    new = {"password1": "battery staple 9", "password2": "battery staple 9"}
    client.post(form.redirect_chain[-1][0], new)

    assert log_in(client, admin.email, "battery staple 9").status_code == 302


def test_password_is_confirmed_before_the_second_factor_changes(
    client: Client, admin: User
) -> None:
    log_in(client, admin.email)

    asked = client.get(reverse("mfa_activate_totp"))
    wrong = client.post(asked["Location"], {"password": "wrong"})
    entered = client.post(asked["Location"], {"password": "correct horse"})

    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert wrong.status_code == 200
    assert entered["Location"] == reverse("mfa_activate_totp")
