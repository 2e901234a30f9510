"""What the rows of an imported file are, and how they become leads, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import current
from crm.csv_files import Sheet
from crm.models import Lead, LeadStage, TimelineEntry
from crm.operations.leads import counselor_in_scope, fill
from crm.operations.timeline import Actor

FIELDS = ("name", "email", "phone", "source", "source_id", "next_action")
NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"

Key = tuple[str, ...]


@dataclass(slots=True)
class Row:
    """One row of a file: what it says, and what is wrong with it."""

    line: int
    cells: list[str]
    lead: Lead
    given: list[str]
    problems: list[str] = field(default_factory=list)
    may_double: list[Lead] = field(default_factory=list)
    match: Lead | None = None
    planned: str = NEW

    @property
    def key(self) -> Key | None:
        """By what the person is known again: the source's id, else e-mail, else phone and name."""
        if self.lead.source_id:
            return ("id", self.lead.source_id)
        if self.lead.email:
            return ("email", _email(self.lead))
        if self.lead.phone_normalised:
            return ("phone", self.lead.phone_normalised, self.lead.name.casefold())
        return None

    @property
    def changes(self) -> dict[str, str]:
        """What the row says otherwise than the lead that it matches; empty cells say nothing.

        The source's id is what it was found by: a merged lead's is not given to its survivor.
        """
        if self.match is None:
            return {}
        said = {name: getattr(self.lead, name) for name in self.given if name != "source_id"}
        return {name: value for name, value in said.items() if value and not self._says(name)}

    def _says(self, name: str) -> bool:
        """Return whether the matching lead says the same, however it is written."""
        if self.match is None:
            return False
        if name == "email":
            return _email(self.match) == _email(self.lead)
        if name == "phone":
            return self.match.phone_normalised == self.lead.phone_normalised
        return _of(self.match, name) == _of(self.lead, name)

    def plan(self) -> None:
        """Settle what importing the row does, before it is done."""
        self.planned = NEW if self.match is None else CHANGED if self.changes else SAME

    @property
    def verdict(self) -> str:
        """What importing the row does, or did."""
        return REFUSED if self.problems else self.planned


def _of(lead: Lead, name: str) -> str:
    return str(getattr(lead, name) or "")


def _email(lead: Lead) -> str:
    return lead.email.strip(" ").lower()


@dataclass(frozen=True, slots=True)
class Places:
    """Where new leads of a file may stand, by the words that a file has for it."""

    stages: dict[str, str]
    people: dict[str, UUID]
    teams: dict[str, UUID]
    counselor_id: UUID | None
    own_teams: set[UUID]
    time_zone: str


def places() -> Places:
    """Return the stages, people and teams of the company in scope, as files name them."""
    scope = current()
    stages = LeadStage.objects.values_list("key", "name")
    people = User.objects.filter(tenant_id=scope.tenant_id, is_active=True)
    counselor = counselor_in_scope()
    memberships = TeamMembership.objects.all()
    own = (
        memberships.filter(user_id=counselor).values_list("team_id", flat=True) if counselor else []
    )
    return Places(
        stages={word.casefold(): key for key, name in stages for word in (key, name)},
        people={
            word.casefold(): pk
            for pk, *words in people.values_list("pk", "name", "email")
            for word in words
            if word
        },
        teams={name.casefold(): pk for pk, name in Team.objects.values_list("pk", "name")},
        counselor_id=counselor,
        own_teams=set(own) if counselor else set(),
        time_zone=Tenant.objects.only("time_zone").get(pk=scope.tenant_id).time_zone,
    )


def read_rows(sheet: Sheet, where: Places) -> list[Row]:
    """Judge each row by itself and against the rows before it; asks the database nothing."""
    rows = [_read(sheet, index, where) for index in range(len(sheet.lines))]
    first: dict[Key, int] = {}
    for row in rows:
        if row.key is None or row.problems:
            continue
        before = first.setdefault(row.key, row.line)
        if before != row.line:
            row.problems.append(f"the same person as line {before} of this file, which counts")
    return rows


def _read(sheet: Sheet, index: int, where: Places) -> Row:
    line = sheet.lines[index]
    values = sheet.values(line)
    names = (values.pop("first_name", ""), values.pop("last_name", ""))
    values["name"] = values.get("name") or " ".join(filter(None, names))
    said = {name: values[name] for name in FIELDS if name in values}
    lead = Lead(tenant_id=current().tenant_id)
    row = Row(line.number, line.cells, lead, list(said))
    row.problems += [f"{wrong.field.replace('_', ' ')}: {wrong.detail}" for wrong in
                     fill(lead, said, time_zone=where.time_zone)]  # fmt: skip
    if len(line.cells) > len(sheet.fields):
        extra = "more cells than the header has columns; a text with a comma needs quotation marks"
        row.problems.append(extra)
    row.problems += _place(lead, values, where)
    if row.key is None and not row.problems:
        row.problems.append("needs an e-mail, a phone or an id, or it would double next time")
    return row


def _place(lead: Lead, values: dict[str, str], where: Places) -> list[str]:
    """Put a new lead on its stage and into hands; return what is wrong with the words for it."""
    wrong = []
    lead.owner_id, lead.team_ids = where.counselor_id, []
    for name, known in (("stage", where.stages), ("owner", where.people), ("team", where.teams)):
        word = values.get(name, "")
        if not word:
            continue
        found = known.get(word.casefold())
        if found is None:
            wrong.append(f"{name}: nobody and nothing here is called “{word[:60]}”")
        elif name == "stage":
            lead.stage = str(found)
        elif name == "owner":
            lead.owner_id = UUID(str(found))
        else:
            lead.team_ids = [UUID(str(found))]
    if where.counselor_id not in (None, lead.owner_id) and not where.own_teams & set(lead.team_ids):
        wrong.append("owner: you can import leads for yourself or for a team of yours")
    return wrong


def match_rows(rows: Sequence[Row], *, lock: bool = False) -> None:
    """Find the lead that each good row is about, and leads that may be the same person.

    A few queries for all rows. Merged leads stand for the one that they were merged into.
    """
    good = [row for row in rows if not row.problems]
    leads = Lead.objects.select_for_update().order_by("pk") if lock else Lead.objects.all()
    by_key = _by_key(_known(leads, good))
    for row in good:
        found = by_key.get(row.key or (), [])
        row.match = found[0] if found else None
        if row.match is None:
            alike: list[Key] = [("phone", row.lead.phone_normalised)]
            if row.lead.email:
                alike.insert(0, ("email", _email(row.lead)))
            found = [lead for key in alike for lead in by_key.get(key, [])]
            row.may_double = list(dict.fromkeys(found))
        row.plan()


def _known(leads: Any, rows: list[Row]) -> list[Lead]:
    """Return leads with the ids, addresses or numbers of these rows, oldest first."""
    ids = [row.lead.source_id for row in rows if row.lead.source_id]
    emails = [_email(row.lead) for row in rows if row.lead.email]
    phones = [row.lead.phone_normalised for row in rows if row.lead.phone_normalised]
    found: dict[UUID, Lead] = {}
    for question in (
        {"source_id__in": ids},
        {"email_normalised__in": emails},
        {"phone_normalised__in": phones},
    ):
        if next(iter(question.values())):
            found |= {lead.pk: lead for lead in leads.filter(**question)}
    gone = {lead.merged_into_id for lead in found.values() if lead.merged_into_id}
    missing = gone - found.keys()
    found |= {lead.pk: lead for lead in leads.filter(pk__in=missing)} if missing else {}
    return sorted(found.values(), key=lambda lead: (lead.created_at, lead.pk))


def _by_key(known: list[Lead]) -> dict[Key, list[Lead]]:
    """Return leads by each key; standing ones before those found through a merged one."""
    by_id = {lead.pk: lead for lead in known}
    keys: dict[Key, list[Lead]] = {}
    for lead in sorted(known, key=lambda lead: lead.merged_into_id is not None):
        standing = by_id.get(lead.merged_into_id, lead) if lead.merged_into_id else lead
        if standing.merged_into_id:
            continue
        for key in _keys(lead):
            if standing not in keys.setdefault(key, []):
                keys[key].append(standing)
    return keys


def _keys(lead: Lead) -> Iterable[Key]:
    if lead.source_id:
        yield ("id", lead.source_id)
    if lead.email_normalised:
        yield ("email", lead.email_normalised)
    if lead.phone_normalised:
        yield ("phone", lead.phone_normalised)
        yield ("phone", lead.phone_normalised, lead.name.casefold())


def store_rows(rows: Sequence[Row], *, file_name: str, by: Actor, now: datetime) -> None:
    """Store matched rows in a few statements; a row that the database refuses gets a problem."""
    new = [row for row in rows if row.verdict == NEW]
    changed = [row for row in rows if row.verdict == CHANGED]
    entries = [*_create(new, file_name, now), *_change(changed, file_name, now)]
    for entry in entries:
        entry.by, entry.by_words = by.user, "" if by.user else by.words
    TimelineEntry.objects.bulk_create(entries)


def _create(rows: list[Row], file_name: str, now: datetime) -> list[TimelineEntry]:
    for row in rows:
        row.lead.pk = uuid4()
        row.lead.stage_since = row.lead.last_activity_at = now
    # Without a word about ids: a lead that the scope hides may have one, and says so by nothing.
    Lead.objects.bulk_create([row.lead for row in rows], ignore_conflicts=True)
    stored = set(
        Lead.objects.filter(pk__in=[row.lead.pk for row in rows]).values_list("pk", flat=True)
    )
    for row in rows:
        if row.lead.pk not in stored:
            row.problems.append("source id: a lead that you do not see has it; ask an admin")
    kept = [row for row in rows if not row.problems]
    return [_entry(row, row.lead, TimelineEntry.Kind.IMPORTED, file_name, now) for row in kept]


def _change(rows: list[Row], file_name: str, now: datetime) -> list[TimelineEntry]:
    entries, leads = [], []
    for row in rows:
        lead, changes = row.match, row.changes
        if lead is None:
            continue
        before = {name: _of(lead, name) for name in changes}
        for name, value in changes.items():
            setattr(lead, name, value)
        if "phone" in changes:
            lead.phone_normalised = row.lead.phone_normalised
        lead.version += 1
        lead.last_activity_at = max(lead.last_activity_at, now)
        entry = _entry(row, lead, TimelineEntry.Kind.EDITED, file_name, now)
        entry.text = f"{', '.join(name.replace('_', ' ') for name in changes)}, {entry.text}"
        entry.facts |= {"before": before}
        entries.append(entry)
        leads.append(lead)
    written = [*FIELDS, "phone_normalised", "version", "last_activity_at"]
    Lead.objects.bulk_update(leads, written)
    return entries


def _entry(
    row: Row, lead: Lead, kind: TimelineEntry.Kind, file_name: str, now: datetime
) -> TimelineEntry:
    return TimelineEntry(
        tenant_id=lead.tenant_id,
        lead=lead,
        kind=kind,
        text=f"from {file_name}, line {row.line}",
        facts={"line": row.line},
        happened_at=now,
    )
