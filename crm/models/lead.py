"""Leads: people who may become customers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Trim

from core.models import EditableRow, Team, TenantRow
from core.models.base import DatabaseNow
from crm.models.stage import LeadStage


class NameKey(models.Func):
    """Three letters of the first word and two of the last, without case and accents."""

    template = (
        "left(translate(lower(%(expressions)s), 'àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ',"
        " 'aaaaaaceeeeiiiinoooooouuuuyy'), 3) ||"
        " coalesce(left(translate(lower(substring(%(expressions)s from '([^ ]+) *$')),"
        " 'àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ', 'aaaaaaceeeeiiiinoooooouuuuyy'), 2), '')"
    )
    output_field = models.CharField()

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, Any]:
        """Give what stands in the template twice its parameters twice."""
        sql, params = super().as_sql(*args, **kwargs)
        return sql, (*params, *params)


class NamePart(models.Func):
    """A name in small letters without what a regular expression finds at its start."""

    function = "regexp_replace"
    output_field = models.CharField()

    def __init__(self, name: Any, skipped: str, **extra: Any) -> None:
        super().__init__(Lower(name), models.Value(skipped), models.Value(""), **extra)


class LeadQuerySet(models.QuerySet["Lead"]):
    """Questions about many leads at once."""

    def standing(self) -> LeadQuerySet:
        """Keep the leads that were not merged into another one."""
        return self.filter(merged_into__isnull=True)


class Lead(EditableRow):
    """A person the company hopes to win, with the one who looks after them.

    Counselors see the leads that they own and those of their teams; the database decides.
    `team_ids` stands on the row itself, so that one row says who may see it, from its INSERT on;
    a trigger holds each id to a team of the same company.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        db_comment="Who looks after the lead; the same company's, by lead_owner_same_tenant.",
    )
    team_ids = ArrayField(
        models.UUIDField(),
        default=list,
        db_default=[],
        blank=True,
        db_comment="Teams (core_team) whose members see the lead too.",
    )
    stage = models.CharField(
        max_length=40,
        default=LeadStage.FIRST,
        db_default=LeadStage.FIRST,
        db_comment="The key of a row of crm_leadstage.",
    )
    stage_since = models.DateTimeField(
        db_default=DatabaseNow(), editable=False, db_comment="When the stage was entered."
    )
    name = models.CharField(max_length=160)
    name_key = models.GeneratedField(
        expression=NameKey("name"),
        output_field=models.CharField(max_length=8),
        db_persist=True,
        db_comment="How the name begins, in plain letters: the few whose names may be alike.",
    )
    name_folded = models.GeneratedField(
        expression=Lower("name"),
        output_field=models.CharField(max_length=160, db_collation="C"),
        db_persist=True,
        db_comment="For look-up by how it starts: ranges of bytes, which an index serves.",
    )
    name_tail = models.GeneratedField(
        expression=NamePart("name", r"^\S+\s+"),
        output_field=models.CharField(max_length=160, db_collation="C"),
        db_persist=True,
        db_comment="The same without the first word.",
    )
    name_last = models.GeneratedField(
        expression=NamePart("name", r"^.*\s"),
        output_field=models.CharField(max_length=160, db_collation="C"),
        db_persist=True,
        db_comment="The last word alone.",
    )
    email = models.CharField("e-mail", max_length=254, blank=True, default="", db_default="")
    email_normalised = models.GeneratedField(
        expression=Lower(Trim("email")),
        output_field=models.CharField(max_length=254),
        db_persist=True,
        db_comment="For look-up: an index on an expression is not used under row-level security.",
    )
    phone = models.CharField(max_length=40, blank=True, default="", db_default="")
    phone_normalised = models.CharField(
        max_length=24,
        blank=True,
        default="",
        db_default="",
        editable=False,
        db_comment="E.164 where the number can be understood, else its digits.",
    )
    source = models.CharField(
        max_length=80, blank=True, default="", db_default="", help_text="Where the lead came from."
    )
    source_id = models.CharField(
        max_length=80,
        null=True,
        blank=True,
        help_text="The lead's id where it came from; importing it again changes this row.",
    )
    next_action = models.CharField(max_length=200, blank=True, default="", db_default="")
    next_action_at = models.DateTimeField(null=True, blank=True)
    last_activity_at = models.DateTimeField(
        db_default=DatabaseNow(),
        editable=False,
        db_comment="The newest entry of the timeline; quiet leads are found by it.",
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="merged"
    )

    objects = LeadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        db_table_comment = "People who may become customers."
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "source_id"], name="lead_source_id_once_per_tenant"
            ),
            models.CheckConstraint(
                name="lead_not_merged_into_itself", condition=~Q(merged_into=F("id"))
            ),
            models.CheckConstraint(name="lead_has_a_name", condition=~Q(name="")),
        ]
        indexes = [
            models.Index(fields=["tenant", "owner"], name="lead_by_owner"),
            models.Index(fields=["tenant", "stage"], name="lead_by_stage"),
            models.Index(fields=["tenant", "stage", "stage_since"], name="lead_by_stage_age"),
            models.Index(fields=["tenant", "created_at", "id"], name="lead_by_age"),
            models.Index(
                fields=["tenant", "email_normalised"],
                name="lead_by_email",
                condition=~Q(email=""),
            ),
            models.Index(
                fields=["tenant", "phone_normalised"],
                name="lead_by_phone",
                condition=~Q(phone_normalised=""),
            ),
            models.Index(
                fields=["tenant", "name_key"],
                name="lead_by_name_key",
                condition=Q(merged_into__isnull=True),
            ),
            models.Index(fields=["tenant", "name_folded"], name="lead_by_name"),
            models.Index(fields=["tenant", "name_tail"], name="lead_by_name_tail"),
            models.Index(fields=["tenant", "name_last"], name="lead_by_name_last"),
            models.Index(fields=["tenant", "last_activity_at"], name="lead_by_activity"),
            models.Index(
                fields=["tenant", "next_action_at"],
                name="lead_by_next_action",
                condition=Q(next_action_at__isnull=False),
            ),
            models.Index(fields=["merged_into"], name="lead_by_survivor"),
        ]

    def __str__(self) -> str:
        return self.name


class LeadTeam(TenantRow):
    """One team of one lead, for look-up; a trigger on crm_lead keeps it, nothing else may.

    What hangs on a lead is seen by whoever sees the lead. Among many leads, those of a team are
    found here by plain equality: an index on `team_ids` is not used under row-level security.
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table_comment = "crm_lead.team_ids row by row; kept by a trigger."
        constraints = [
            models.UniqueConstraint(fields=["tenant", "team", "lead"], name="lead_once_per_team"),
        ]
        indexes = [models.Index(fields=["tenant", "lead"], name="teams_of_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.team_id}"
