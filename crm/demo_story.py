"""The leads of the demo: two teams, three counselors, and forty people on their way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from core.demo_story import Stage
from core.models import Team, TeamMembership, Tenant, User
from core.periods import today
from core.tenancy import scope
from crm.demo_fee import tell_fee
from crm.models import Application, Lead
from crm.operations.applications import add_application
from crm.operations.leads import create_lead
from crm.operations.stages import move_application, move_lead
from crm.operations.tasks import complete_task, create_task
from crm.operations.timeline import Actor, add_note

FEE_MINOR = 7500
PATH = ("new", "contacted", "advising", "converted")
STEPS = {"submitted": ("submitted",), "in_review": ("submitted", "in_review"),
         "accepted": ("submitted", "in_review", "accepted"),
         "withdrawn": ("withdrawn",)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One person's part: who looks after them, since how many days, how far they have come.

    `spoke` is how many days ago something last happened; `task` is in how many hours something
    is due (below zero: overdue), with the hour of the day where it is due today.
    """

    name: str
    contact: str
    source: str
    owner: str
    days: int
    stage: str = "new"
    spoke: int | None = None
    programme: str = ""
    application: str = ""
    task: tuple[str, int] | None = None
    note: str = ""


BREWING, CELLAR, TAPS = "Brewing diploma", "Cellar master, evenings", "Tap technician"
PARTS = (
    Part("Jonas Bakker", "jonas.bakker@example.com", "Open day", "Sam", 12, "advising", 1, BREWING,
         "submitted", ("call", -30), "Wants to start in February; asks for the timetable."),
    Part("Zoë Ångström", "zoe.angstrom@example.com", "Website", "Sam", 6, "contacted", 2, BREWING,
         "draft", ("email", 2)),
    Part("María José Fernández de la Cuesta y Santamaría", "mjose@example.com", "Fair Utrecht",
         "Sam", 20, "advising", 3, CELLAR, "submitted", ("review", -75)),
    Part("Łukasz Wiśniewski", "+31 6 2345 6701", "Referral", "Sam", 3, "contacted", 1, TAPS,
         "draft", ("call", 1), "Works nights: call after three."),
    Part("Emma de Jong", "emma.dejong@example.com", "Website", "Sam", 1, "new", None, "", ""),
    Part("Søren Kjærgaard", "soren@example.com", "Open day", "Sam", 40, "converted", 10, BREWING,
         "accepted"),
    Part("Fatima El Idrissi", "fatima.elidrissi@example.com", "Fair Utrecht", "Sam", 9, "advising",
         2, BREWING, "in_review", ("review", 3)),
    Part("Piet van den Berg", "piet.vandenberg@example.com", "Referral", "Sam", 26, "contacted",
         19, TAPS, "draft", None, "Was to think it over."),
    Part("Anaïs Lefèvre", "anais.lefevre@example.com", "Website", "Sam", 5, "advising", 1, CELLAR,
         "submitted", ("email", -4)),
    Part("Nguyễn Thị Minh Khai", "minhkhai@example.com", "Newsletter", "Sam", 2, "contacted", 0,
         CELLAR, "draft", ("call", 30)),
    Part("Bram Hoekstra", "bram@example.com", "Website", "Sam", 15, "disqualified", 8),
    Part("Chloé Dubois-Martin", "chloe.dm@example.com", "Open day", "Sam", 8, "advising", 4, TAPS,
         "submitted", ("call", 55)),
    Part("Ahmet Yılmaz", "+31 6 2345 6702", "Referral", "Sam", 30, "converted", 6, TAPS,  # noqa: RUF001
         "accepted"),
    Part("Isabel Gonçalves", "isabel.goncalves@example.com", "Fair Utrecht", "Sam", 4, "new", 4),
    Part("Lars Müller", "lars.mueller@example.com", "Website", "Lea", 7, "contacted", 1, BREWING,
         "draft", ("email", 26)),
    Part("Ingrid Bjørnstad", "ingrid.b@example.com", "Newsletter", "Lea", 18, "advising", 2,
         BREWING, "submitted", ("call", -50), "Employer pays the fee."),
    Part("Tomáš Dvořák", "tomas.dvorak@example.com", "Open day", "Lea", 33, "advising", 21, CELLAR,
         "draft"),
    Part("Aoife O'Sullivan", "aoife@example.com", "Referral", "Lea", 11, "advising", 5, BREWING,
         "in_review", ("review", 4)),
    Part("Giulia D'Angelo", "giulia@example.com", "Website", "Lea", 1, "new", None),
    Part("Sanne Vermeulen", "sanne.vermeulen@example.com", "Website", "Lea", 24, "converted", 3,
         CELLAR, "accepted", ("email", 50)),
    Part("Mehmet Öztürk", "mehmet.ozturk@example.com", "Fair Utrecht", "Lea", 13, "contacted", 9,
         TAPS, "draft", ("call", -100)),
    Part("Katarzyna Zielińska-Kowalczyk", "k.zielinska@example.com", "Newsletter", "Lea", 6,
         "advising", 1, CELLAR, "submitted", ("call", 2)),
    Part("Daan Visser", "daan.visser@example.com", "Website", "Lea", 10, "disqualified", 7),
    Part("Hélène Moreau", "helene.moreau@example.com", "Open day", "Lea", 3, "contacted", 1,
         BREWING, "draft", ("email", 5)),
    Part("Youssef Benali", "+31 6 2345 6703", "Referral", "Lea", 45, "contacted", 38),
    Part("Freya Lindqvist", "freya@example.com", "Website", "Lea", 2, "contacted", 1, TAPS,
         "draft", ("call", 3)),
    Part("Mateusz Nowak", "mateusz.nowak@example.com", "Website", "Omar", 14, "advising", 2,
         BREWING, "submitted", ("review", -26)),
    Part("Beatriz Alves", "beatriz@example.com", "Newsletter", "Omar", 5, "contacted", 2, CELLAR,
         "draft", ("email", 1)),
    Part("Jean-Baptiste Charpentier", "jb.charpentier@example.com", "Fair Utrecht", "Omar", 22,
         "advising", 17, CELLAR, "draft"),
    Part("Wei Ling Tan", "weiling@example.com", "Website", "Omar", 1, "new", None),
    Part("Noor Al-Mansouri", "noor@example.com", "Referral", "Omar", 9, "advising", 1, BREWING,
         "submitted", ("call", 4), "Prefers English."),
    Part("Björn Sigurðsson", "bjorn@example.com", "Open day", "Omar", 28, "converted", 5, BREWING,
         "accepted"),
    Part("Eszter Szabó", "eszter.szabo@example.com", "Website", "Omar", 16, "disqualified", 12,
         TAPS, "withdrawn"),
    Part("Ruben Jansen", "ruben.jansen@example.com", "Website", "Omar", 4, "contacted", 3, TAPS,
         "draft", ("call", -20)),
    Part("Marieke van der Heijden-Oosterhout", "marieke@example.com", "Newsletter", "Omar", 7,
         "advising", 2, CELLAR, "in_review", ("review", 28)),
    Part("Kwame Mensah", "kwame@example.com", "Referral", "Omar", 19, "contacted", 15),
    Part("Tasting evening walk-in", "+31 6 2345 6704", "Tasting room", "", 2, "new", None),
    Part("Elif Kaya", "elif.kaya@example.com", "Tasting room", "", 5, "new", 5),
    Part("J. Bakker", "Jonas.Bakker@example.com", "Website", "", 1, "new", None),
    Part("Anais Lefevre", "anais.lefevre@example.com", "Newsletter", "Lea", 2, "new", None),
)  # fmt: skip
NEIGHBOURS = (
    Part("Harper Collins", "harper@example.com", "Farm shop", "", 6, "contacted", 2,
         "Cider making", "submitted", ("call", 3)),
    Part("Mason Brooks", "mason@example.com", "Website", "", 3, "new", None),
    Part("Jonas Bakker", "jonas.bakker@example.com", "Website", "", 9, "advising", 1,
         "Cider making", "draft", ("email", -20)),
)  # fmt: skip


def tell(stage: Stage) -> None:
    """Let forty people apply to the first company, and a few to its neighbour."""
    tenant = stage.tenant
    people = _counselors(stage)
    teams = _teams(tenant, people)
    for number, part in enumerate(PARTS, start=1):
        owner = people.get(part.owner)
        team = teams["Tasting room" if part.owner in ("Sam", "") else "Brewing school"]
        _tell_part(stage, tenant, part, number=number, owner=owner, teams=[team])
    for number, part in enumerate(NEIGHBOURS, start=1):
        _tell_part(stage, stage.neighbour, part, number=number, owner=None, teams=[])
    stage.say("leads, applications and tasks")
    paid, failed, left_open = (_application(tenant, number) for number in (1, 3, 9))
    tell_fee(stage, paid=paid, failed=failed, left_open=left_open)


def _counselors(stage: Stage) -> dict[str, User]:
    """Return the three counselors by first name; two of them are new."""
    found = {"Sam": User.objects.get(email=stage.facts["counselor_username"])}
    for first, name in (("Lea", "Léa Marchand"), ("Omar", "Omar Haddad")):
        email = f"{first.lower()}@{stage.tenant.slug}.example"
        user = User.objects.filter(email=email).first()
        found[first] = user or User.objects.create_user(
            email, None, tenant=stage.tenant, role=User.Role.COUNSELOR, name=name
        )
    return found


def _teams(tenant: Tenant, people: dict[str, User]) -> dict[str, UUID]:
    members = {"Tasting room": ("Sam", "Omar"), "Brewing school": ("Lea", "Omar")}
    teams = {}
    with scope(tenant.pk):
        for name, firsts in members.items():
            team, _ = Team.objects.get_or_create(tenant=tenant, name=name)
            teams[name] = team.pk
            for first in firsts:
                TeamMembership.objects.get_or_create(tenant=tenant, team=team, user=people[first])
    return teams


def _application(tenant: Tenant, number: int) -> UUID:
    with scope(tenant.pk):
        applications = Application.objects.filter(lead__source_id=f"demo-{number:02}")
        return UUID(str(applications.values_list("pk", flat=True)[0]))


def _tell_part(
    stage: Stage, tenant: Tenant, part: Part, *, number: int, owner: User | None, teams: list[UUID]
) -> None:
    """Tell one person's part, whole or not at all; one that was told before is left as it is."""
    source_id = f"demo-{number:02}"
    by = Actor(owner) if owner else Actor(words="Website")
    with scope(tenant.pk):
        if not Lead.objects.filter(source_id=source_id).exists():
            _History(part, by, tenant, stage.now).tell(source_id, owner, teams)


class _History:
    """What happened with one person, from the first day on."""

    def __init__(self, part: Part, by: Actor, tenant: Tenant, now: datetime) -> None:
        self._part, self._by, self._tenant, self._now = part, by, tenant, now
        self._began = now - timedelta(days=part.days, hours=3)

    def tell(self, source_id: str, owner: User | None, teams: list[UUID]) -> None:
        """Make the lead, move it on, let it apply, give its counselor something to do."""
        part = self._part
        is_email = "@" in part.contact
        lead = create_lead(
            by=self._by, now=self._began, name=part.name, source=part.source, source_id=source_id,
            owner_id=owner.pk if owner else None, team_ids=teams,
            email=part.contact if is_email else "", phone="" if is_email else part.contact,
        )  # fmt: skip
        # The clock of an operation is given to it; the database's own stands at today.
        Lead.objects.filter(pk=lead.pk).update(created_at=self._began)
        self._move(lead)
        if part.programme:
            self._apply(lead)
        if part.note:
            add_note(lead_id=lead.pk, text=part.note, by=self._by, now=self._last())

    def _last(self) -> datetime:
        """Return when something last happened, of what is not still to do."""
        spoke = self._part.spoke
        return self._began if spoke is None else self._now - timedelta(days=spoke, minutes=40)

    def _between(self, share: float) -> datetime:
        return self._began + (self._last() - self._began) * share

    def _move(self, lead: Lead) -> None:
        part = self._part
        way = PATH[1 : PATH.index(part.stage) + 1] if part.stage in PATH else (part.stage,)
        for step, stage in enumerate(way, start=1):
            note = "Looks for something else" if stage == "disqualified" else ""
            when = self._between(step / (len(way) + 1))
            move_lead(lead_id=lead.pk, stage=stage, note=note, by=self._by, now=when)

    def _apply(self, lead: Lead) -> None:
        part, began = self._part, self._between(0.5)
        row = add_application(
            lead_id=lead.pk, programme=part.programme, fee_minor=FEE_MINOR, by=self._by, now=began
        )
        Application.objects.filter(pk=row.pk).update(created_at=began)
        self._first_call(row)
        for share, stage in zip((0.7, 0.85, 1.0), STEPS.get(part.application, ()), strict=False):
            note = "Chose another school" if stage == "withdrawn" else ""
            move_application(
                application_id=row.pk, stage=stage, note=note, by=self._by, now=self._between(share)
            )
        if part.task is not None:
            self._to_do(row, *part.task)

    def _first_call(self, row: Application) -> None:
        """Let a call be made, so that timelines have one."""
        when = self._between(0.55)
        task = create_task(
            application_id=row.pk, task_type="call", due_at=when + timedelta(hours=1), by=self._by,
            now=when,
        )  # fmt: skip
        complete_task(
            task_id=task.pk, outcome="Reached; sends the papers.", by=self._by,
            now=when + timedelta(minutes=30),
        )  # fmt: skip

    def _to_do(self, row: Application, kind: str, hours: int) -> None:
        """Something due in so many hours; what is for today comes up today, whatever the hour."""
        due = (self._now + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
        if 0 < hours < 12:
            due = min(due, self._end_of_day())
        made = min(self._last(), due - timedelta(hours=1))
        if due > made:
            create_task(application_id=row.pk, task_type=kind, due_at=due, by=self._by, now=made)

    def _end_of_day(self) -> datetime:
        zone = self._tenant.zone
        day = today(self._now, zone)
        return datetime.combine(day, time(23, 30), tzinfo=zone).astimezone(UTC)
