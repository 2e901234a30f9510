"""The report of a case, to read and to send: what happened, why, what to do, what to say."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime

from core.pdf import Column, Paper
from subscriptions.queries.case_actions import next_actions
from subscriptions.queries.case_story import Step, case_story
from subscriptions.queries.case_words import assumed, cause, checked, facts, for_the_tenant
from subscriptions.queries.evidence import evidence_texts
from subscriptions.queries.rent_case import RentCase

HEAD = "| When | What | Who | Here | At Stripe |"


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A report, in parts that both of its forms have."""

    title: str
    made_at: datetime
    facts: list[tuple[str, str]]
    cause: str
    steps: list[Step]
    checked: list[str]
    assumed: list[str]
    to_do: list[str]
    for_the_tenant: str

    def as_markdown(self) -> str:
        """Return the report as Markdown."""
        rows = [
            f"| {step.when:%Y-%m-%d %H:%M} | {_cell(step.what)} | {_cell(step.who)} |"
            f" {_cell(step.ours)} | {_cell(step.theirs)} |"
            for step in self.steps
        ]
        parts = [
            f"# {self.title}",
            f"Made at {self.made_at:%Y-%m-%d %H:%M} UTC.",
            "\n".join(f"- **{name}**: {_line(value)}" for name, value in self.facts),
            f"## Cause\n\n{self.cause}",
            "\n".join(["## What happened (UTC)\n", HEAD, "|---|---|---|---|---|", *rows]),
            _list("What was checked", self.checked),
            _list("What is assumed", self.assumed),
            _list("What to do", self.to_do),
            f"## What to tell the tenant\n\n{self.for_the_tenant}",
        ]
        return "\n\n".join(parts) + "\n"

    def as_pdf(self) -> bytes:
        """Return the report as PDF."""
        paper = Paper(title=self.title, author="Taproom", footer=self.title)
        paper.heading(self.title)
        paper.text(f"Made at {self.made_at:%Y-%m-%d %H:%M} UTC.", kind="small")
        paper.facts(self.facts)
        paper.heading("Cause", level=2)
        paper.text(self.cause)
        paper.heading("What happened (UTC)", level=2)
        columns = [
            Column("When", 2), Column("What", 6), Column("Who", 2),
            Column("Here", 3), Column("At Stripe", 3),
        ]  # fmt: skip
        paper.table(
            columns,
            [(f"{s.when:%Y-%m-%d %H:%M}", s.what, s.who, s.ours, s.theirs) for s in self.steps],
        )
        for title, lines in (
            ("What was checked", self.checked),
            ("What is assumed", self.assumed),
            ("What to do", self.to_do),
        ):
            paper.heading(title, level=2)
            for line in lines:
                paper.text(f"\N{BULLET} {line}")
        paper.heading("What to tell the tenant", level=2)
        paper.text(self.for_the_tenant)
        return paper.bytes()


def case_report(case: RentCase, now: datetime) -> CaseReport:
    """Return the report of a rent; in scope."""
    to_do = [
        f"{action.label}: {action.effect}"
        for action in next_actions(case, now)
        if action.is_allowed
    ]
    return CaseReport(
        title=f"Case report: {case.rent}, lease {case.rent.lease or 'unknown'}",
        made_at=now,
        facts=facts(case, now),
        cause=cause(case),
        steps=case_story(case),
        checked=checked(case),
        assumed=assumed(case),
        to_do=to_do or ["Nothing can be done now; wait for the bank."],
        for_the_tenant=for_the_tenant(case),
    )


def evidence_pack(case: RentCase, now: datetime) -> bytes:
    """Return a zip: evidence as PDF and Markdown, facts as JSON. Same content, same bytes."""
    texts = evidence_texts(case, now)
    paper = Paper(title="Evidence", author="Taproom", footer=str(case.rent))
    paper.heading(f"Evidence: {case.rent}")
    for name, text in texts.items():
        paper.heading(name.replace("_", " ").capitalize(), level=2)
        paper.text(text)
    markdown = "\n\n".join(
        f"## {name.replace('_', ' ').capitalize()}\n\n{text}" for name, text in texts.items()
    )
    data = {
        "rent": str(case.rent.pk),
        "charge": case.rent.stripe_charge_id,
        "invoice": case.rent.stripe_invoice_id,
        "disputes": [
            {"id": one.stripe_dispute_id, "status": one.status, "amount_minor": one.amount_minor,
             "currency": one.currency}
            for one in case.disputes
        ],
        "evidence": texts,
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, body in (
            ("evidence.pdf", paper.bytes()),
            ("evidence.md", f"# Evidence: {case.rent}\n\n{markdown}\n".encode()),
            ("facts.json", json.dumps(data, indent=2, ensure_ascii=False).encode()),
        ):
            pack.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), body)
    return out.getvalue()


def _line(text: str) -> str:
    """Return a text on one line that Markdown leaves as it is."""
    flat = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "\\`*[]<>|" else sign for sign in flat)


def _cell(text: str) -> str:
    return _line(text)


def _list(title: str, lines: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {_line(line)}" for line in lines)
