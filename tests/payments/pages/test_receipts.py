"""Receipts: made with the payment, at an address of their own, in the payer's language."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from core.models import Letter, Tenant, User
from core.operations.letters import send_letter
from core.tenancy import scope
from payments.models import Payment, PaymentLink, Receipt
from payments.operations.receipts import NoReceipt, send_receipt
from payments.operations.refunds import push_refund, request_refund
from tests.payments.conftest import DECLINED, Customer
from tests.payments.offers import ITEMS, start
from tests.payments.pages.conftest import heading, words

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


@pytest.fixture
def paid(customer: Customer, new_link: NewLink, now: datetime) -> Callable[..., Receipt]:
    """Pay a link and return its receipt."""

    def pay(language: str = "", **how: object) -> Receipt:
        link = new_link(title="Deposit", reference="2026-0412")
        with scope(customer.tenant.pk):
            checkout = customer.claim(link)
            checkout.language = language
            checkout.save(update_fields=["language"])
        checkout = customer.open_page(checkout)
        customer.pay(checkout, email="ann@payer.example", name="Ann Payer", **how)
        customer.hear(now)
        with scope(customer.tenant.pk):
            rows = Receipt.objects.select_related("payment__tenant", "payment__checkout")
            return rows.get(payment__checkout=checkout)

    return pay


def receipt_for(customer: Customer, now: datetime, link: PaymentLink, **chosen: object) -> Receipt:
    """Choose, pay, and return the receipt."""
    checkout = start(customer, link, **chosen)
    customer.pay(checkout)
    customer.hear(now)
    with scope(customer.tenant.pk):
        return Receipt.objects.get(payment__checkout=checkout)


def shown(receipt: Receipt) -> tuple[str, str]:
    """Return the words of its page and of its file."""
    page = Client().get(reverse("receipt", args=[receipt.token]))
    file = Client().get(reverse("receipt_file", args=[receipt.token]))
    pdf = PdfReader(io.BytesIO(file.content))
    return words(page), " ".join(" ".join(one.extract_text() for one in pdf.pages).split())


def test_receipt_lists_what_was_bought(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS, title="Tours")

    said = shown(receipt_for(customer, now, link, quantities={0: "3"}))

    for text in said:
        assert "For Tours" in text
        assert "1 x Glass €5.00" in text
        assert "€55.50" in text
        assert "Paid €60.50" in text


def test_receipt_of_a_part_says_what_is_left(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link(pricing="parts", amount_minor=30000, min_part_minor=10000)

    first = receipt_for(customer, now, link, amount="120")
    after_one = shown(first)
    receipt_for(customer, now, link, amount="180")
    after_both = shown(first)

    assert [("Still to pay €180.00" in text) for text in after_one] == [True, True]
    assert [("Still to pay €0.00" in text) for text in after_both] == [True, True]


def letters(tenant: Tenant) -> list[Letter]:
    with scope(tenant.pk):
        return list(Letter.objects.filter(kind="receipt"))


def test_payer_who_gave_an_address_is_sent_the_receipt_once(
    paid: Callable[..., Receipt], customer: Customer, now: datetime, tenant: Tenant
) -> None:
    receipt = paid()
    customer.hear(now)

    (letter,) = letters(tenant)
    send_letter(tenant_id=tenant.pk, letter_id=letter.pk, now=timezone.now())

    assert letter.to == "ann@payer.example"
    assert mail.outbox[0].subject == f"Receipt from {tenant.name}: Deposit"
    assert receipt.url in mail.outbox[0].body
    assert "€125.00" in mail.outbox[0].body


def test_dutch_payer_is_written_in_dutch(paid: Callable[..., Receipt], tenant: Tenant) -> None:
    receipt = paid(language="nl")

    (letter,) = letters(tenant)

    assert (receipt.language, letter.language) == ("nl", "nl")
    assert letter.title == f"Ontvangstbewijs van {tenant.name}: Deposit"
    assert "€\xa0125,00" in letter.text
    assert "heeft uw betaling ontvangen" in letter.text


def test_company_that_sends_no_receipts_still_has_them(
    paid: Callable[..., Receipt], tenant: Tenant, phone: Client
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(sends_receipts=False)

    receipt = paid()

    assert letters(tenant) == []
    assert phone.get(reverse("receipt", args=[receipt.token])).status_code == 200


def test_payment_that_failed_has_no_receipt(
    customer: Customer, new_link: NewLink, now: datetime, tenant: Tenant
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=DECLINED)
    customer.hear(now)
    payment = customer.payment(checkout)

    with scope(tenant.pk):
        assert Receipt.objects.count() == 0
        with pytest.raises(NoReceipt):
            send_receipt(payment_id=payment.pk, to="ann@payer.example", by=None, now=now)


def test_page_says_what_was_paid_and_what_went_back(
    paid: Callable[..., Receipt], tenant: Tenant, phone: Client, now: datetime
) -> None:
    receipt = paid()
    address = reverse("receipt", args=[receipt.token])
    with scope(tenant.pk):
        refund = request_refund(
            payment_id=receipt.payment_id, amount_minor=2500, reason="", by=None, now=now
        )
    push_refund(tenant_id=tenant.pk, refund_id=refund.pk, now=now)

    english = phone.get(address)
    dutch = phone.get(address, headers={"Accept-Language": "nl"})

    assert heading(english) == f"Receipt {receipt.reference}"
    text = words(english)
    for shown in ("Ann Payer", "€125.00", "-€25.00", "€100.00", "2026-0412", "Visa"):
        assert shown in text
    assert "ann@payer.example" not in text
    assert (english["Cache-Control"], english["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert heading(dutch) == f"Ontvangstbewijs {receipt.reference}"
    assert "€\xa0100,00" in dutch.content.decode()


def test_pdf_has_the_same_figures_in_the_readers_language(
    paid: Callable[..., Receipt], phone: Client, tenant: Tenant
) -> None:
    receipt = paid()

    response = phone.get(
        reverse("receipt_file", args=[receipt.token]), headers={"Accept-Language": "nl"}
    )

    assert response["Content-Type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(response.content))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert f"Ontvangstbewijs {receipt.reference}" in text
    assert "125,00" in text
    assert tenant.name in text


@pytest.mark.parametrize("name", ["receipt", "receipt_file"])
def test_unknown_receipt_is_told_so(tenant: Tenant, phone: Client, name: str) -> None:
    response = phone.get(reverse(name, args=["A" * 32]))

    assert (response.status_code, heading(response)) == (404, "There is no receipt at this address")


def test_token_of_a_receipt_opens_nothing_else(paid: Callable[..., Receipt], phone: Client) -> None:
    receipt = paid()

    assert phone.get(reverse("pay", args=[receipt.token])).status_code == 404


def test_receipt_of_another_company_is_hidden(
    paid: Callable[..., Receipt], other_tenant: Tenant
) -> None:
    paid()

    with scope(other_tenant.pk):
        assert (Receipt.objects.count(), Payment.objects.count()) == (0, 0)


def test_page_of_the_result_leads_to_the_receipt(
    paid: Callable[..., Receipt], phone: Client, tenant: Tenant
) -> None:
    receipt = paid()
    with scope(tenant.pk):
        checkout = receipt.payment.checkout
        token = PaymentLink.objects.get(pk=checkout.link_id).token

    page = phone.get(reverse("pay_return", args=[token]), {"session": checkout.stripe_session_id})

    assert reverse("receipt", args=[receipt.token]) in page.content.decode()


def test_staff_send_a_receipt_again(
    paid: Callable[..., Receipt], tenant: Tenant, counselor: User, log_in: Callable[[User], Client]
) -> None:
    receipt = paid()
    staff = log_in(counselor)
    address = reverse("receipt_send", args=[receipt.payment_id])

    wrong = staff.post(address, {"email": "nobody"}, follow=True)
    sent = staff.post(address, {"email": "office@payer.example"}, follow=True)

    assert "Nothing was sent" in wrong.content.decode()
    assert "The receipt is on its way" in sent.content.decode()
    assert receipt.reference in sent.content.decode()
    assert {one.to for one in letters(tenant)} == {"ann@payer.example", "office@payer.example"}
