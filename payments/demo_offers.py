"""The demo's links of every kind: chosen amounts, items, parts, questions, terms, a template."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from core.tenancy import scope
from payments.demo_customers import Customers
from payments.models import PaymentLink
from payments.operations.choices import Choice
from payments.operations.sharing import Sharing, share_link
from payments.operations.templates import make_link_from_template, save_template

DAY = timedelta(days=1)
DUTCH = "nl"
TASTING = "Tasting box, delivered"
TEMPLATE = "Boxes with delivery"
GIFT = "Kerstpakket van de brouwerij"


def tell_offers(customers: Customers) -> None:
    """Make a link of each kind, and let customers choose, agree, answer and pay."""
    _chosen(customers)
    _items(customers)
    _in_parts(customers)
    _in_dutch(customers)
    later = timezone.now() + 20 * DAY
    customers.link("Spring festival, early tickets", 3900, max_payments=200, starts_at=later)


def _chosen(customers: Customers) -> None:
    link = customers.link(
        "Friends of the harbour clean-up",
        pricing="chosen",
        preset_amount_minor=2500,
        min_amount_minor=500,
        max_amount_minor=100000,
        max_payments=None,
        description="We match each gift and sweep the quay in March.",
        after_payment_message="Thank you! Bring boots on the first Saturday of March.",
    )
    customers.look(link, 9, now=timezone.now())
    for name, amount in (("Eva Smit", "25"), ("Sven Olsen", "10"), ("Rosa Klein", "75.50")):
        customers.pay(link, Choice(amount=amount), **_person(name))


def _items(customers: Customers) -> None:
    link = customers.link(
        TASTING,
        pricing="items",
        items=[
            _item("Tasting box, six bottles", 2950, least=1, most=10),
            _item("Tulip glass", 650, least=0, most=12, quantity=2),
            _item("Delivery", 695),
        ],
        max_payments=None,
        custom_fields=[
            _question("Name for the label", is_required=True),
            _question("Delivery day", "dropdown", ["Tuesday", "Thursday", "Saturday"]),
        ],
        terms_text="I am 18 or older and agree to the terms of sale.",
        terms_url="https://harbour.example/terms",
    )
    customers.look(link, 14, now=timezone.now())
    for name, boxes, glasses, day in (
        ("Bram Hoekstra", "2", "4", "Saturday"),
        ("Lin Wei", "1", "0", "Tuesday"),
    ):
        answers = {"name_for_the_label": name, "delivery_day": day}
        choice = Choice(quantities={0: boxes, 1: glasses}, answers=answers, has_agreed=True)
        customers.pay(link, choice, **_person(name))
    customers.stage.facts["pay_url"] = link.url
    _template_of(customers, link)


def _template_of(customers: Customers, link: PaymentLink) -> None:
    """Keep what the link says, and make the next one from it."""
    now = timezone.now()
    with scope(customers.tenant.pk):
        template = save_template(link_id=link.pk, name=TEMPLATE, by=customers.by, now=now)
        make_link_from_template(
            template_id=template.pk,
            fields={"title": "Winter tasting box, delivered"},
            by=customers.by,
            now=now,
        )


def _in_parts(customers: Customers) -> None:
    link = customers.link(
        "Wedding reception, 80 guests",
        420000,
        pricing="parts",
        min_part_minor=50000,
        max_payments=None,
        reference="2026-0431",
        customer_name="Noor Al-Mansouri",
        customer_email="noor@example.com",
        expires_at=timezone.now() + 90 * DAY,
    )
    for amount in ("1500", "800"):
        customers.pay(link, Choice(amount=amount), **_person("Noor Al-Mansouri"))


def _in_dutch(customers: Customers) -> None:
    """Write to a customer in Dutch, and be paid by her; her receipt is in Dutch, too."""
    now = timezone.now()
    link = customers.link(
        GIFT,
        8950,
        max_payments=None,
        description="Met twaalf speciaalbieren, gebrouwen aan de haven. Bezorgd voor 20 december.",
        after_payment_message="Hartelijk dank! U krijgt bericht zodra het pakket onderweg is.",
    )
    sharing = Sharing(
        emails=["sanne.vermeulen@example.com"],
        message="Beste Sanne, hierbij de link voor het kerstpakket.",
        language=DUTCH,
        days_after=(3, 7),
    )
    with scope(customers.tenant.pk):
        share_link(link_id=link.pk, sharing=sharing, by=customers.by, now=now)
    customers.pay(link, language=DUTCH, **_person("Sanne Vermeulen"))


def _person(name: str) -> dict[str, Any]:
    """Return who pays; some of them are leads, too."""
    known = {"Sanne Vermeulen": "sanne.vermeulen", "Noor Al-Mansouri": "noor"}
    mailbox = known.get(name, name.partition(" ")[0].lower())
    return {"name": name, "email": f"{mailbox}@example.com"}


def _item(
    name: str, each: int, *, quantity: int = 1, least: int | None = None, most: int | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "unit_amount_minor": each,
        "quantity": quantity,
        "min_quantity": least,
        "max_quantity": most,
    }


def _question(
    label: str, kind: str = "text", options: list[str] | None = None, *, is_required: bool = False
) -> dict[str, Any]:
    return {
        "key": "",
        "label": label,
        "type": kind,
        "is_required": is_required,
        "options": options or [],
    }
