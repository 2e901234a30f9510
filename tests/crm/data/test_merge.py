"""Two leads become one, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection

from core.invalid import FieldsInvalid
from core.models import Team, Tenant, User
from core.tenancy import scope
from crm.models import Application, Lead, Task, TimelineEntry
from crm.operations.applications import add_application
from crm.operations.leads import assign_lead
from crm.operations.merge import merge_leads
from crm.operations.stages import LeadMerged
from crm.operations.tasks import complete_task, create_task
from crm.operations.timeline import Actor, add_note
from tests.crm.data.conftest import seen_by

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]
ME = Actor(words="test")


def with_task(lead: Lead, now: datetime) -> tuple[Application, Task]:
    with scope(lead.tenant_id):
        application = add_application(lead_id=lead.pk, programme="Brewing", by=ME, now=now)
        task = create_task(
            application_id=application.pk,
            task_type="call",
            due_at=now + timedelta(hours=1),
            by=ME,
            now=now,
        )
    return application, task


def test_merge_moves_everything_and_fills_gaps(
    tenant: Tenant, new_lead: NewLead, now: datetime
) -> None:
    survivor = new_lead(email="jonas@example.com", source="Fair")
    duplicate = new_lead("J. Bakker", email="jb@example.com", phone="0612345678", source_id="crm-7")
    application, task = with_task(duplicate, now)

    with scope(tenant.pk):
        merged = merge_leads(survivor_id=survivor.pk, duplicate_id=duplicate.pk, by=ME, now=now)

        merged.refresh_from_db()
        duplicate.refresh_from_db()
        assert (merged.name, merged.email) == ("Jonas Bakker", "jonas@example.com")
        assert (merged.phone_normalised, merged.source_id) == ("+31612345678", "crm-7")
        assert merged.source == "Fair"
        assert Application.objects.get(pk=application.pk).lead_id == survivor.pk
        assert Task.objects.get(pk=task.pk).lead_id == survivor.pk
        assert duplicate.merged_into_id == survivor.pk


def test_merge_can_be_read_back_from_both_timelines(
    tenant: Tenant, new_lead: NewLead, now: datetime
) -> None:
    survivor = new_lead(email="jonas@example.com")
    duplicate = new_lead("J. Bakker", email="jb@example.com", phone="0612345678")

    with scope(tenant.pk):
        merge_leads(survivor_id=survivor.pk, duplicate_id=duplicate.pk, by=ME, now=now)
        entries = TimelineEntry.objects.filter(kind="merged")
        told = {entry.lead_id: entry for entry in entries}

    assert told[survivor.pk].text == (
        "J. Bakker (jb@example.com, 0612345678) was merged into this lead"
    )
    assert told[duplicate.pk].text == "into Jonas Bakker (jonas@example.com)"
    for entry in told.values():
        assert entry.facts["before"]["duplicate"]["email"] == "jb@example.com"
        assert entry.facts["before"]["survivor"]["phone"] == ""


def test_merge_takes_the_chosen_side(tenant: Tenant, new_lead: NewLead, now: datetime) -> None:
    survivor = new_lead(email="jonas@example.com", source_id="a")
    duplicate = new_lead("J. Bakker", email="jb@example.com", source_id="b", stage="advising")
    keep = {
        "name": "survivor",
        "email": "duplicate",
        "source_id": "duplicate",
        "stage": "duplicate",
    }

    with scope(tenant.pk):
        merged = merge_leads(
            survivor_id=survivor.pk, duplicate_id=duplicate.pk, keep=keep, by=ME, now=now
        )

    assert (merged.name, merged.email, merged.source_id, merged.stage) == (
        "Jonas Bakker", "jb@example.com", "b", "advising"
    )  # fmt: skip


def test_old_entries_are_seen_by_whoever_sees_the_survivor(
    counselor: User, colleague: User, team: Team, new_lead: NewLead, now: datetime
) -> None:
    survivor = new_lead(owner_id=counselor.pk)
    first = new_lead(owner_id=colleague.pk)
    duplicate = new_lead(owner_id=colleague.pk, team_ids=[team.pk])
    with scope(survivor.tenant_id):
        add_note(lead_id=first.pk, text="Likes stout", by=ME, now=now)
        merge_leads(survivor_id=duplicate.pk, duplicate_id=first.pk, by=ME, now=now)
        merge_leads(survivor_id=survivor.pk, duplicate_id=duplicate.pk, by=ME, now=now)

    with seen_by(counselor):
        chain = Lead.objects.filter(merged_into=survivor.pk).count()
        notes = list(TimelineEntry.objects.filter(kind="note").values_list("text", flat=True))
        teams = Lead.objects.get(pk=survivor.pk).team_ids

    assert (chain, notes, teams) == (2, ["Likes stout"], [team.pk])


def test_merged_rows_follow_their_survivor_to_its_next_owner(
    counselor: User, colleague: User, new_lead: NewLead, now: datetime
) -> None:
    survivor, duplicate = new_lead(owner_id=counselor.pk), new_lead(owner_id=counselor.pk)
    with scope(survivor.tenant_id):
        merge_leads(survivor_id=survivor.pk, duplicate_id=duplicate.pk, by=ME, now=now)
        assign_lead(lead_id=survivor.pk, owner_id=colleague.pk, team_ids=[], by=ME, now=now)

    with seen_by(counselor):
        left = Lead.objects.count()
    with seen_by(colleague):
        given = Lead.objects.count()

    assert (left, given) == (0, 2)


def test_merge_again_is_refused(tenant: Tenant, new_lead: NewLead, now: datetime) -> None:
    survivor, duplicate = new_lead(), new_lead()
    with scope(tenant.pk):
        merge_leads(survivor_id=survivor.pk, duplicate_id=duplicate.pk, by=ME, now=now)

    with scope(tenant.pk), pytest.raises(LeadMerged):
        merge_leads(survivor_id=survivor.pk, duplicate_id=duplicate.pk, by=ME, now=now)


@pytest.mark.parametrize("keep", [{"name": "both"}, {"tenant": "duplicate"}])
def test_merge_refuses_unknown_choices(
    tenant: Tenant, new_lead: NewLead, now: datetime, keep: dict[str, str]
) -> None:
    survivor, duplicate = new_lead(), new_lead()

    with scope(tenant.pk), pytest.raises(FieldsInvalid) as refused:
        merge_leads(survivor_id=survivor.pk, duplicate_id=duplicate.pk, keep=keep, by=ME, now=now)

    assert [error.code for error in refused.value.errors] == ["unknown_choice"]


def test_lead_is_not_merged_into_itself(tenant: Tenant, new_lead: NewLead, now: datetime) -> None:
    lead = new_lead()

    with scope(tenant.pk), pytest.raises(FieldsInvalid) as refused:
        merge_leads(survivor_id=lead.pk, duplicate_id=lead.pk, by=ME, now=now)

    assert [error.code for error in refused.value.errors] == ["same_lead"]


def test_counselor_merges_only_what_they_see(
    counselor: User, colleague: User, new_lead: NewLead, now: datetime
) -> None:
    own, foreign = new_lead(owner_id=counselor.pk), new_lead(owner_id=colleague.pk)

    for survivor, duplicate in ((own, foreign), (foreign, own)):
        with seen_by(counselor), pytest.raises(Lead.DoesNotExist):
            merge_leads(
                survivor_id=survivor.pk, duplicate_id=duplicate.pk, by=Actor(counselor), now=now
            )


def test_lead_of_another_tenant_is_not_merged(
    tenant: Tenant, other_tenant: Tenant, new_lead: NewLead, now: datetime
) -> None:
    one, other = new_lead(), new_lead()

    with scope(other_tenant.pk), pytest.raises(Lead.DoesNotExist):
        merge_leads(survivor_id=one.pk, duplicate_id=other.pk, by=ME, now=now)


@pytest.mark.parametrize("is_opposite", [False, True], ids=["same way", "opposite ways"])
def test_two_merges_at_once_leave_one(
    tenant: Tenant, new_lead: NewLead, now: datetime, is_opposite: bool
) -> None:
    one, other = new_lead(), new_lead()
    with_task(one, now)
    with_task(other, now)
    start = Barrier(2, timeout=30)

    def merge(pair: tuple[Lead, Lead]) -> str:
        start.wait()
        try:
            with scope(tenant.pk):
                merge_leads(survivor_id=pair[0].pk, duplicate_id=pair[1].pk, by=ME, now=now)
        except LeadMerged:
            return "told"
        finally:
            connection.close()
        return "merged"

    pairs = [(one, other), (other, one) if is_opposite else (one, other)]
    with ThreadPoolExecutor(2) as people:
        outcomes = sorted(people.map(merge, pairs))

    assert outcomes == ["merged", "told"]
    with scope(tenant.pk):
        [left] = Lead.objects.standing()
        assert Application.objects.filter(lead=left).count() == 2


def test_merging_and_completing_at_once_both_happen(
    tenant: Tenant, new_lead: NewLead, now: datetime
) -> None:
    for _ in range(5):
        one, other = new_lead(), new_lead()
        tasks = [with_task(other, now)[1] for _ in range(3)]
        start = Barrier(4, timeout=30)

        def act(
            what: Task | None, one: Lead = one, other: Lead = other, start: Barrier = start
        ) -> None:
            start.wait()
            try:
                with scope(tenant.pk):
                    if what is None:
                        merge_leads(survivor_id=one.pk, duplicate_id=other.pk, by=ME, now=now)
                    else:
                        complete_task(task_id=what.pk, by=ME, now=now)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as people:
            list(people.map(act, [*tasks, None]))

        with scope(tenant.pk):
            assert Task.objects.filter(lead=one, status="completed").count() == 3
