"""The worklist of possible duplicates, and merging on a page."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import User
from core.tenancy import scope
from crm.models import Lead, NotDuplicate

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]
LogIn = Callable[[User], Client]


def test_worklist_shows_pairs_and_what_to_do(admin: User, new_lead: NewLead, log_in: LogIn) -> None:
    one, other = new_lead("Ann", email="a@example.com"), new_lead("Anna", email="a@example.com")

    page = log_in(admin).get("/leads/duplicates/").content.decode()

    assert "Same e-mail" in page
    assert f"/leads/{one.pk}/merge/{other.pk}/" in page
    assert f"/leads/{one.pk}/apart/{other.pk}/" in page


def test_worklist_costs_the_same_for_many_pairs(
    admin: User, new_lead: NewLead, log_in: LogIn
) -> None:
    browser, costs = log_in(admin), []
    for count in (1, 29):
        for n in range(count):
            for _ in range(2):
                new_lead(email=f"{count}-{n}@example.com", owner_id=admin.pk)
        with CaptureQueriesContext(connection) as asked:
            browser.get("/leads/duplicates/")
        costs.append(len(asked))

    assert costs[0] == costs[1]


def test_merging_on_the_page_takes_the_chosen_fields(
    counselor: User, new_lead: NewLead, log_in: LogIn
) -> None:
    one = new_lead("Ann", email="a@example.com", owner_id=counselor.pk)
    other = new_lead("Anna Late", email="b@example.com", owner_id=counselor.pk)
    browser = log_in(counselor)
    url = f"/leads/{one.pk}/merge/{other.pk}/"

    shown = browser.get(url).content.decode()
    browser.post(url, {"keep_name": "duplicate", "keep_email": "survivor"})
    again = browser.post(url, follow=True)

    assert "Anna Late" in shown
    with scope(one.tenant_id):
        one.refresh_from_db()
    assert (one.name, one.email) == ("Anna Late", "a@example.com")
    assert "Somebody merged one of these two before" in again.content.decode()


def test_merging_with_a_made_up_choice_is_refused(
    admin: User, new_lead: NewLead, log_in: LogIn
) -> None:
    one, other = new_lead(), new_lead()

    answer = log_in(admin).post(f"/leads/{one.pk}/merge/{other.pk}/", {"keep_name": "x\0"})

    assert answer.status_code == 400
    assert "Nothing was merged" in answer.content.decode()


def test_leads_out_of_sight_are_no_pages(
    counselor: User, colleague: User, new_lead: NewLead, log_in: LogIn
) -> None:
    own, hidden = new_lead(owner_id=counselor.pk), new_lead(owner_id=colleague.pk)
    browser = log_in(counselor)

    codes = [
        browser.post(f"/leads/{a}/{what}/{b}/").status_code
        for what in ("merge", "apart")
        for a, b in ((own.pk, hidden.pk), (hidden.pk, own.pk), (own.pk, uuid4()), (own.pk, own.pk))
    ]

    assert codes == [404] * 8


def test_pair_is_told_apart_on_the_page(admin: User, new_lead: NewLead, log_in: LogIn) -> None:
    one, other = new_lead(email="a@example.com"), new_lead(email="a@example.com")

    page = log_in(admin).post(f"/leads/{one.pk}/apart/{other.pk}/", follow=True)

    assert "Kept apart" in page.content.decode()
    with scope(one.tenant_id):
        assert NotDuplicate.objects.count() == 1
