"""Duplicates, templates, files and sheets of links on the staff pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import LinkTemplate, PaymentLink
from payments.operations.templates import duplicate_link, save_template
from tests.payments.conftest import Customer
from tests.payments.offers import ITEMS, QUESTIONS, start
from tests.payments.pages.conftest import words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
SHEET = "title;amount;expires_at\nRent May;850.00;2031-05-31\nRent June;0;\n=cmd|'x';12.00;\n"


@pytest.fixture
def office(counselor: User, log_in: Callable[[User], Client]) -> Client:
    """The browser of a counselor."""
    return log_in(counselor)


def links(tenant: Tenant) -> list[PaymentLink]:
    with scope(tenant.pk):
        return list(PaymentLink.objects.order_by("created_at", "title"))


def sheet(text: str | bytes, name: str = "rents.csv") -> dict[str, Any]:
    data = text.encode() if isinstance(text, str) else text
    return {"file": SimpleUploadedFile(name, data, "text/csv")}


def hidden(body: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', body)
    assert found is not None
    return unescape(found[1])


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_duplicate_is_one_click(office: Client, new_link: NewLink, tenant: Tenant) -> None:
    link = new_link(custom_fields=QUESTIONS, reference="A1")

    response = office.post(reverse("link_duplicate", args=[link.pk]))

    _, copy = links(tenant)
    assert response["Location"] == reverse("link", args=[copy.pk])
    assert (copy.title, copy.reference, copy.custom_fields) == ("Deposit", "A1", link.custom_fields)
    assert copy.token != link.token


def test_duplicate_leaves_out_what_has_passed(
    new_link: NewLink, tenant: Tenant, now: datetime
) -> None:
    link = new_link(expires_at=now + timedelta(days=1))

    with scope(tenant.pk):
        early = duplicate_link(link_id=link.pk, by=None, now=now)
        late = duplicate_link(link_id=link.pk, by=None, now=now + timedelta(days=2))

    assert (early.expires_at, late.expires_at) == (link.expires_at, None)


def test_template_fills_in_the_form_of_a_new_link(
    office: Client, new_link: NewLink, tenant: Tenant
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS, customer_name="Eva Smit")
    office.post(reverse("link_save_template", args=[link.pk]), {"name": " Tour  tickets "})
    with scope(tenant.pk):
        template = LinkTemplate.objects.get()

    page = office.get(reverse("link_new"), {"template": template.pk})

    assert template.name == "Tour tickets"
    assert "Tour “ü 🍺”; 18.50; 2; 0; 10" in unescape(page.content.decode())
    assert "Eva Smit" not in page.content.decode()
    assert "Tour tickets" in words(office.get(reverse("link_templates")))


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\0b"])
def test_template_without_a_usable_name_is_not_kept(
    office: Client, new_link: NewLink, tenant: Tenant, name: str
) -> None:
    link = new_link()

    response = office.post(
        reverse("link_save_template", args=[link.pk]), {"name": name}, follow=True
    )

    assert "Nothing was kept." in words(response)
    with scope(tenant.pk):
        assert not LinkTemplate.objects.exists()


def test_deleted_template_leaves_its_links(
    office: Client, new_link: NewLink, tenant: Tenant, now: datetime
) -> None:
    link = new_link()
    with scope(tenant.pk):
        template = save_template(link_id=link.pk, name="Rent", by=None, now=now)

    office.post(reverse("link_template_delete", args=[template.pk]))
    again = office.post(reverse("link_template_delete", args=[template.pk]))

    assert again.status_code == 404
    assert links(tenant) == [link]


def test_file_is_previewed_then_made_once(office: Client, tenant: Tenant) -> None:
    preview = office.post(reverse("link_import"), sheet(SHEET))
    before = links(tenant)
    body = preview.content.decode()
    confirm = {name: hidden(body, name) for name in ("text", "file_name", "template")}

    first = office.post(reverse("link_import"), confirm)
    second = office.post(reverse("link_import"), confirm)

    assert "2 links would be made, 1 row cannot be used" in words(preview)
    assert before == []
    assert first["Location"] == second["Location"]
    assert [link.title for link in links(tenant)] == ["=cmd|'x'", "Rent May"]
    rows = read(office.get(f"{first['Location']}links.csv").content)
    assert [row[0] for row in rows] == ["title", "Rent May", "'=cmd|'x'"]
    assert rows[1][-1] == next(link.url for link in links(tenant) if link.title == "Rent May")


def test_days_of_a_file_are_the_companys(office: Client, tenant: Tenant) -> None:
    office.post(reverse("link_import"), {"text": SHEET, "file_name": "a.csv", "template": ""})

    expires_at = next(link.expires_at for link in links(tenant) if link.title == "Rent May")

    assert expires_at == datetime.fromisoformat("2031-05-30T22:00:00+00:00")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\1\2", b"title\n", "title;amount;odd\nx;1;2\n", b"title,amount\n" * 90_000],
)
def test_file_that_cannot_be_read_is_refused_in_words(
    office: Client, tenant: Tenant, data: str | bytes
) -> None:
    response = office.post(reverse("link_import"), sheet(data))

    assert response.status_code == 400
    assert links(tenant) == []


@pytest.mark.parametrize(
    "row",
    [
        "x;1e5;", "x;12.00;0000-01-01", "x;12.00;9999-12-31", "x;12.00;soon", "x;12.00;;more",
        "x;12,00;", "x;99999999999999999999999;", "\u0007;12.00;",
    ],
)  # fmt: skip
def test_row_that_cannot_be_used_says_why(office: Client, row: str) -> None:
    response = office.post(reverse("link_import"), sheet(f"title;amount;expires_at\n{row}\n"))

    assert response.status_code == 200
    assert "0 links would be made, 1 row cannot be used" in words(response)


def test_sheet_of_payments_holds_answers_and_no_formula(
    customer: Customer, office: Client, new_link: NewLink, now: datetime
) -> None:
    link = new_link(custom_fields=QUESTIONS, terms_text="I agree")
    answers = {"t_shirt_size": "M", "field_3": "=1+1"}
    checkout = start(customer, link, answers=answers, has_agreed=True)
    customer.pay(checkout, name="Eva Smit", email="eva@example.com")
    customer.hear(now)

    header, row = read(office.get(reverse("link_payments_csv", args=[link.pk])).content)

    told = dict(zip(header, row, strict=True))
    assert (told["amount"], told["T-shirt size"], told["日本語"]) == ("125.00", "M", "'=1+1")
    assert (told["agreed_to"], told["link_version"]) == ("I agree", "1")
    payment = customer.payment(checkout)
    page = words(office.get(reverse("payment", args=[payment.pk])))
    assert "T-shirt size" in page
    assert "Version 1 of the link" in page


def test_pages_of_another_company_are_not_there(
    office: Client, tenant: Tenant, other_tenant: Tenant, now: datetime
) -> None:
    from payments.operations.imports import import_links
    from payments.operations.links import make_link

    with scope(other_tenant.pk):
        link = make_link(by=None, now=now, title="x", amount_minor=900, currency="EUR")
        template = save_template(link_id=link.pk, name="Theirs", by=None, now=now)
        imported, _ = import_links(
            text="title,amount\nx,5.00", file_name="", template=None, by=None, now=now
        )
    posts = [
        reverse("link_duplicate", args=[link.pk]),
        reverse("link_save_template", args=[link.pk]),
        reverse("link_template_delete", args=[template.pk]),
    ]
    gets = [
        reverse("link_payments_csv", args=[link.pk]),
        reverse("link_imported", args=[imported.pk]),
        reverse("link_imported_csv", args=[imported.pk]),
    ]

    codes = [office.post(path, {"name": "Mine"}).status_code for path in posts]
    codes += [office.get(path).status_code for path in gets]

    assert codes == [404] * 6
    assert "Theirs" not in words(office.get(reverse("link_templates")))
    new = office.get(reverse("link_new"), {"template": template.pk})
    assert 'value="9.00"' not in new.content.decode()
