"""The demo's leads: told once, by the same operations."""

from __future__ import annotations

from datetime import datetime

import pytest

from core import demo_story as core_story
from core.demo_story import Stage
from core.tenancy import scope
from crm import demo_story
from crm.models import Application, Lead, Task, TimelineEntry
from crm.queries.deadlines import leads_without_owner, quiet_leads, with_deadline_missed
from crm.queries.duplicates import duplicate_pairs

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(now: datetime) -> Stage:
    """A stage on which core has told its part."""
    stage = Stage(say=lambda words: None, now=now)
    core_story.tell(stage)
    return stage


def rows(stage: Stage) -> list[int]:
    counts = []
    for tenant in (stage.tenant, stage.neighbour):
        with scope(tenant.pk):
            counts += [model.objects.count() for model in (Lead, Application, Task, TimelineEntry)]
    return counts


def test_story_shows_what_the_pages_are_for(stage: Stage, now: datetime) -> None:
    demo_story.tell(stage)

    with scope(stage.tenant.pk):
        stages = set(Lead.objects.values_list("stage", flat=True))
        open_tasks = Task.objects.filter(status="open")
        assert Lead.objects.count() == 40
        assert stages == {"new", "contacted", "advising", "converted", "disqualified"}
        assert open_tasks.filter(due_at__lt=now).count() >= 5
        assert open_tasks.filter(due_at__gte=now).count() >= 5
        assert len(duplicate_pairs()) == 2
        assert quiet_leads(now).count() >= 4
        assert with_deadline_missed(Lead.objects.all(), now).count() >= 4
        assert leads_without_owner().count() == 3


def test_story_told_again_adds_nothing(stage: Stage) -> None:
    demo_story.tell(stage)
    before = rows(stage)

    demo_story.tell(stage)

    assert rows(stage) == before
    assert before[0] == 40
    assert before[4] == 3
