"""People, teams, keys and the company: what admins may do, and for whom."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import ApiKey, Team, TeamMembership, Tenant, User
from core.operations.api_keys import make_api_key, use_api_key
from core.tenancy import scope

pytestmark = pytest.mark.django_db

NEW_PERSON = {
    "email": "New@Amber.example",
    "name": "Nia New",
    "role": "counselor",
    "usable_password": "true",
    "password1": "battery staple 9",
    "password2": "battery staple 9",
}


def new_key(tenant: Tenant, name: str) -> tuple[ApiKey, str]:
    with scope(tenant.pk):
        made = make_api_key(name=name, scopes=["links:read"], by=None)
    return made.row, made.secret


def test_admin_adds_a_person_to_their_own_company(
    admin_pages: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    sent = {**NEW_PERSON, "tenant": str(other_tenant.pk), "is_superuser": "on", "is_staff": "on"}

    answer = admin_pages.post(reverse("admin:core_user_add"), sent)

    added = User.objects.get(email="new@amber.example")
    assert answer.status_code == 302
    assert (added.tenant_id, added.is_superuser, added.role) == (tenant.pk, False, "counselor")
    assert added.check_password("battery staple 9")


def test_admin_cannot_make_an_operator_or_move_a_person(
    admin_pages: Client, counselor: User, other_tenant: Tenant
) -> None:
    url = reverse("admin:core_user_change", args=[counselor.pk])
    sent = {"email": counselor.email, "name": "C", "role": "admin", "is_active": "on"}

    admin_pages.post(url, {**sent, "is_superuser": "on", "tenant": str(other_tenant.pk)})

    before, counselor = counselor, User.objects.get(pk=counselor.pk)
    assert (counselor.role, counselor.is_superuser) == ("admin", False)
    assert counselor.tenant_id == before.tenant_id


def test_admin_cannot_open_an_operator_of_their_company(
    admin_pages: Client, counselor: User
) -> None:
    User.objects.filter(pk=counselor.pk).update(is_superuser=True)

    change = admin_pages.get(reverse("admin:core_user_change", args=[counselor.pk]))
    password = admin_pages.get(f"/admin/core/user/{counselor.pk}/password/")

    assert (change.status_code, password.status_code) == (302, 404)


def test_admin_cannot_set_the_password_of_another_company(
    admin_pages: Client, other_admin: User
) -> None:
    url = f"/admin/core/user/{other_admin.pk}/password/"
    sent = {"usable_password": "true", "password1": "taken over 1", "password2": "taken over 1"}

    answer = admin_pages.post(url, sent)

    assert answer.status_code == 404
    assert User.objects.get(pk=other_admin.pk).check_password("correct horse")


def test_admin_cannot_lock_themselves_out(admin_pages: Client, admin: User) -> None:
    sent = {"email": admin.email, "name": "Ada", "role": "counselor"}

    admin_pages.post(reverse("admin:core_user_change", args=[admin.pk]), sent)

    admin.refresh_from_db()
    assert (admin.name, admin.role, admin.is_active) == ("Ada", "admin", True)


@pytest.mark.parametrize("page", ["user", "team", "apikey", "tenant"])
def test_counselor_opens_no_people_teams_keys_or_settings(
    counselor_pages: Client, page: str
) -> None:
    listed = counselor_pages.get(reverse(f"admin:core_{page}_changelist"))
    home = counselor_pages.get("/admin/").content.decode()

    assert listed.status_code == 403
    assert f"/admin/core/{page}/" not in home


def test_admin_resets_a_lost_second_factor(admin_pages: Client, counselor: User) -> None:
    TOTP.activate(counselor, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    sent = {"action": "reset_second_factors", "_selected_action": str(counselor.pk)}

    answer = admin_pages.post(reverse("admin:core_user_changelist"), sent, follow=True)

    assert Authenticator.objects.count() == 0
    assert "Two-step login reset for 1 people." in answer.content.decode()


def test_admin_cannot_reset_the_second_factor_of_another_company(
    admin_pages: Client, other_admin: User
) -> None:
    TOTP.activate(other_admin, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    sent = {"action": "reset_second_factors", "_selected_action": str(other_admin.pk)}

    admin_pages.post(reverse("admin:core_user_changelist"), sent)

    assert Authenticator.objects.filter(user=other_admin).count() == 1


def test_admin_lifts_a_lockout(admin_pages: Client, client: Client, counselor: User) -> None:
    wrong = {"login": counselor.email, "password": "wrong"}
    for _ in range(6):
        client.post(reverse("account_login"), wrong)
    sent = {"action": "lift_lockouts", "_selected_action": str(counselor.pk)}

    admin_pages.post(reverse("admin:core_user_changelist"), sent)

    assert AccessAttempt.objects.count() == 0
    right = {"login": counselor.email, "password": "correct horse"}
    assert client.post(reverse("account_login"), right).status_code == 302


def test_team_is_made_with_members_of_the_own_company(
    admin_pages: Client, tenant: Tenant, counselor: User
) -> None:
    answer = admin_pages.post(reverse("admin:core_team_add"), team_form(counselor))

    assert answer.status_code == 302
    with scope(tenant.pk):
        memberships = TeamMembership.objects.values_list("team__name", "user", "tenant")
        assert list(memberships) == [("North", counselor.pk, tenant.pk)]


def test_team_takes_no_member_of_another_company(
    admin_pages: Client, tenant: Tenant, other_admin: User
) -> None:
    offered = admin_pages.get(reverse("admin:core_team_add")).content.decode()

    answer = admin_pages.post(reverse("admin:core_team_add"), team_form(other_admin))

    assert str(other_admin.pk) not in offered
    assert answer.status_code == 200
    with scope(tenant.pk):
        assert Team.objects.count() == 0


def test_team_name_that_is_taken_is_said_at_the_field(admin_pages: Client, tenant: Tenant) -> None:
    with scope(tenant.pk):
        Team.objects.create(tenant=tenant, name="North")

    answer = admin_pages.post(reverse("admin:core_team_add"), team_form(None))

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {"name": ["This name is taken."]}


def team_form(member: User | None) -> dict[str, str]:
    form = {
        "name": "North",
        "memberships-TOTAL_FORMS": "1" if member else "0",
        "memberships-INITIAL_FORMS": "0",
    }
    return {**form, "memberships-0-user": str(member.pk)} if member else form


def test_key_is_shown_once_and_works(admin_pages: Client, tenant: Tenant, admin: User) -> None:
    sent = {"name": "Website", "scopes": ["links:read"], "expires_on": ""}

    made = admin_pages.post(reverse("admin:core_apikey_add"), sent).content.decode()

    secret = re.search(r"tap_[0-9a-f]{8}_[\w-]+", made)
    assert secret is not None
    used = use_api_key(secret=secret[0], now=timezone.now())
    assert used is not None
    key = used[0]
    assert (key.name, key.scopes, key.created_by_id) == ("Website", ["links:read"], admin.pk)
    for page in (reverse("admin:core_apikey_change", args=[key.pk]), "/admin/core/apikey/"):
        assert secret[0] not in admin_pages.get(page).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("scopes", "moon:land"), ("scopes", ""), ("expires_on", "2020-01-01")],
)
def test_key_form_says_what_is_wrong(
    admin_pages: Client, tenant: Tenant, field: str, value: str
) -> None:
    sent = {"name": "Website", "scopes": "links:read", "expires_on": "", field: value}

    answer = admin_pages.post(reverse("admin:core_apikey_add"), sent)

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    with scope(tenant.pk):
        assert ApiKey.objects.count() == 0


def test_revoked_key_opens_nothing(admin_pages: Client, tenant: Tenant) -> None:
    key, secret = new_key(tenant, "Website")
    sent = {"action": "revoke", "_selected_action": str(key.pk)}

    first = admin_pages.post(reverse("admin:core_apikey_changelist"), sent, follow=True)
    second = admin_pages.post(reverse("admin:core_apikey_changelist"), sent, follow=True)

    assert use_api_key(secret=secret, now=timezone.now()) is None
    assert "Website is revoked" in first.content.decode()
    assert "was revoked before; nothing was changed" in second.content.decode()


def test_key_of_another_company_cannot_be_revoked(
    admin_pages: Client, other_tenant: Tenant
) -> None:
    key, secret = new_key(other_tenant, "Website")
    sent = {"action": "revoke", "_selected_action": str(key.pk)}

    admin_pages.post(reverse("admin:core_apikey_changelist"), sent)

    assert use_api_key(secret=secret, now=timezone.now()) is not None


def test_company_settings_change_the_own_company_alone(
    admin_pages: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    sent = {"name": "Amber", "time_zone": "Asia/Tokyo", "default_currency": "JPY"}

    own = admin_pages.post(reverse("admin:core_tenant_change", args=[tenant.pk]), sent)
    foreign = admin_pages.post(reverse("admin:core_tenant_change", args=[other_tenant.pk]), sent)

    assert (own.status_code, foreign.status_code) == (302, 302)
    assert list(Tenant.objects.order_by("slug").values_list("name", "time_zone")) == [
        ("Amber", "Asia/Tokyo"),
        ("Bitter Brews", "America/New_York"),
    ]


def test_choices_offered_while_typing_are_of_the_own_company(
    admin_pages: Client, admin: User, other_admin: User
) -> None:
    asked = {"app_label": "core", "model_name": "teammembership", "field_name": "user"}

    offered = admin_pages.get("/admin/autocomplete/", {**asked, "term": "example"}).json()

    assert [choice["id"] for choice in offered["results"]] == [str(admin.pk)]
