"""What payments puts on the back office: header, worklists, what can be found, and timelines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode

from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.sections import Section, register_section
from core.backoffice.timelines import (
    Happening,
    Person,
    register_person_source,
    register_timeline,
)
from core.backoffice.worklists import Worklist, register_worklist
from core.models import Tenant, User
from payments import queries, queries_safety
from payments.models import (
    Checkout,
    FraudAlarm,
    FraudRule,
    ListedParty,
    Payment,
    PaymentLink,
    Refund,
    StripeAccount,
)
from payments.words import words_of_term

ADMINS = frozenset({User.Role.ADMIN.value})
MOST = 30
MOST_OF_PERSON = 200


def find_links(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find links by title, reference or amount."""
    for link in queries.find_links(query)[:limit]:
        detail = " · ".join(filter(None, [link.amount.display(), link.reference]))
        yield Found("Payment link", link.title, reverse("link", args=[link.pk]), detail)


def find_payments(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find a payment by its id here or at Stripe."""
    for payment in queries.find_payments(query)[:limit]:
        url = reverse("payment", args=[payment.pk])
        yield Found("Payment", payment.checkout.title, url, str(payment))


def _payment_url(payment: Payment) -> str:
    return reverse("payment", args=[payment.pk])


def story_of_link(link: PaymentLink) -> Iterable[Happening]:
    """Tell of a link's making, its end, and all that customers did."""
    yield Happening(link.created_at, "Made", str(link.created_by or ""))
    for version in queries.versions_of(link).filter(number__gt=1)[:MOST]:
        changed = ", ".join(words_of_term(name) for name in version.changed)
        yield Happening(version.made_at, f"Edited: {changed}", str(version.made_by or ""))
    for off in link.times_off:
        yield Happening(off.lower, "Off until it was switched on again")
        yield Happening(off.upper, "On again")
    if link.deactivated_at is not None:
        yield Happening(link.deactivated_at, "Off since then")
    for alarm in link.alarms.select_related("ended_by")[:MOST]:
        yield from story_of_alarm(alarm)
    for checkout in link.checkouts.all()[:MOST]:
        yield story_of_checkout(checkout)
    for payment in queries.payments_of(link)[:MOST]:
        yield from story_of_money(payment, link=_payment_url(payment))
    refunds = Refund.objects.filter(payment__link=link).select_related("requested_by", "payment")
    for refund in refunds[:MOST]:
        yield story_of_refund(refund, link=_payment_url(refund.payment))


def story_of_payment(payment: Payment) -> Iterable[Happening]:
    """Tell of a payment's try, its money and its refunds."""
    yield story_of_checkout(payment.checkout)
    yield from story_of_money(payment)
    yield from story_of_trouble(payment)
    for refund in payment.refunds.select_related("requested_by")[:MOST]:
        yield story_of_refund(refund)


def story_of_person(person: Person) -> Iterable[Happening]:
    """Tell what was tried, paid and refunded for the rows that are a person's."""
    checkouts = list(queries.checkouts_for(person.subjects)[:MOST_OF_PERSON])
    for checkout in checkouts:
        yield story_of_checkout(checkout)
    payments = Payment.objects.filter(checkout__in=checkouts)
    for payment in payments.select_related("checkout", "decided_by"):
        yield from story_of_money(payment, link=_payment_url(payment))
    refunds = Refund.objects.filter(payment__checkout__in=checkouts)
    for refund in refunds.select_related("requested_by", "payment"):
        yield story_of_refund(refund, link=_payment_url(refund.payment))


def story_of_checkout(checkout: Checkout) -> Happening:
    """Tell that a customer began to pay."""
    return Happening(checkout.created_at, f"A customer began to pay {checkout.amount.display()}")


def story_of_money(payment: Payment, *, link: str = "") -> Iterable[Happening]:
    """Tell how a payment went, and what was decided about it."""
    amount = payment.amount.display()
    if payment.paid_at is not None:
        standing = "" if payment.standing == "expected" else f" ({payment.get_standing_display()})"
        # Stripe's clock shows whole seconds: without this a quick payment came before its try.
        when = max(payment.paid_at, payment.checkout.created_at)
        yield Happening(when, f"{amount} paid{standing}", link=link)
    elif payment.state == Payment.State.FAILED:
        why = payment.decline_message or "no reason given"
        yield Happening(payment.updated_at, f"Payment of {amount} failed: {why}", link=link)
    else:
        yield Happening(payment.created_at, f"{amount} on its way from a bank", link=link)
    if payment.decided_at is not None:
        what = "Kept" if payment.decision == Payment.Decision.KEPT else "Sent back"
        who = str(payment.decided_by or "")
        yield Happening(payment.decided_at, f"{what}, though unexpected", who, link)


def story_of_alarm(alarm: FraudAlarm) -> Iterable[Happening]:
    """Tell that stolen cards may have been tried, and when somebody saw to it."""
    what = "Paused for safety" if alarm.step == "pause" else "Fraud alarm"
    yield Happening(alarm.raised_at, f"{what}: {alarm.reason}", tone="bad")
    if alarm.ended_at is not None:
        done = "Opened again" if alarm.step == "pause" else "Fraud alarm seen to"
        yield Happening(alarm.ended_at, done, str(alarm.ended_by or ""))


def story_of_trouble(payment: Payment) -> Iterable[Happening]:
    """Tell of a payment's warnings and disputes, and what was done about them."""
    for warning in payment.early_warnings.select_related("decided_by"):
        yield Happening(warning.warned_at, str(warning), tone="bad")
        if warning.decided_at is not None:
            what = f"Warning: {warning.get_decision_display().lower()}"
            yield Happening(warning.decided_at, what, str(warning.decided_by or ""))
    for dispute in payment.disputes.prefetch_related("answers__asked_by"):
        link = reverse("dispute", args=[dispute.pk])
        yield Happening(dispute.opened_at, f"Disputed: {dispute}", link=link, tone="bad")
        for answer in dispute.answers.all():
            who = str(answer.asked_by or "")
            yield Happening(answer.asked_at, str(answer), who, link)


def story_of_refund(refund: Refund, *, link: str = "") -> Happening:
    """Tell of a refund and how far it has come."""
    what = f"Refund of {refund.amount.display()}: {refund.get_state_display().lower()}"
    return Happening(refund.created_at, what, str(refund.requested_by or ""), link)


def count_to_decide(now: datetime) -> int:
    """Count unexpected payments nobody has decided about."""
    return queries.payments_to_decide().count()


def count_failed_refunds(now: datetime) -> int:
    """Count refunds that failed."""
    return queries.failed_refunds().count()


def count_stuck_events(now: datetime) -> int:
    """Count events that could not be taken in."""
    return queries.stuck_events().count()


def count_expiring(now: datetime) -> int:
    """Count unpaid links that end soon."""
    return queries.links_expiring_soon(now).count()


def count_alarms(now: datetime) -> int:
    """Count alarms nobody has seen to."""
    return queries_safety.open_alarms().count()


def count_warnings(now: datetime) -> int:
    """Count early warnings that a refund could still spare a dispute."""
    return queries_safety.warnings_to_decide().count()


def count_suspicious(now: datetime) -> int:
    """Count paid charges that wait for a look."""
    return queries_safety.suspicious_tries().count()


def count_disputes(now: datetime) -> int:
    """Count disputes whose bank waits for an answer."""
    return queries_safety.disputes_to_answer().count()


def count_disputes_due(now: datetime) -> int:
    """Count those whose last day is near."""
    return queries_safety.disputes_due(now).count()


def _safety_url() -> str:
    return reverse("safety")


def _worklist_url() -> str:
    return reverse("payments_worklist")


def _expiring_url() -> str:
    return f"{reverse('links')}?{urlencode({'status': queries.EXPIRING})}"


def state_of_account(tenant: Tenant) -> str:
    """Say which account at Stripe the money goes to."""
    account = StripeAccount.objects.first()
    return account.stripe_account_id if account else "Not connected: nobody can pay yet"


def state_of_rules(tenant: Tenant) -> str:
    """Say how many rules are on."""
    states = list(FraudRule.objects.values_list("is_on", flat=True))
    return f"{sum(states)} of {len(states)} on" if states else "As Taproom comes"


def state_of_lists(tenant: Tenant) -> str:
    """Say how many are listed."""
    count = ListedParty.objects.count()
    return f"{count} listed" if count else "Nobody is listed"


register_section(
    Section(
        name="stripe",
        title="Stripe account",
        url=lambda: reverse("stripe_connect"),
        words="Where the money of customers goes.",
        state=state_of_account,
        order=30,
    )
)
register_section(
    Section(
        name="statistics",
        title="Statistics of payment pages",
        url=lambda: reverse("statistics_settings"),
        words="Views are counted here without cookies; Google Analytics only if you want it.",
        state=lambda tenant: tenant.google_measurement_id or "Google Analytics: off",
        order=35,
    )
)
register_section(
    Section(
        name="fraud_rules",
        title="Rules against fraud",
        url=lambda: reverse("admin:payments_fraudrule_changelist"),
        words="How many tries are too many, and what happens then.",
        state=state_of_rules,
        order=31,
    )
)
register_section(
    Section(
        name="listed_parties",
        title="Allowed and blocked",
        url=lambda: reverse("admin:payments_listedparty_changelist"),
        words="Addresses, e-mails, cards and countries that always may pay, or never.",
        state=state_of_lists,
        order=32,
    )
)
register_section(
    Section(
        name="receipts",
        title="E-mail receipts",
        url=lambda: reverse("admin:core_tenant_changelist"),
        words="Whether payers are sent a receipt by itself.",
        state=lambda tenant: "Sent" if tenant.sends_receipts else "Not sent",
        order=33,
    )
)
register_nav(NavItem("Links", lambda: reverse("links"), order=10, group="Money"))
register_nav(NavItem("Payments", lambda: reverse("payments"), order=20, group="Money"))
register_nav(NavItem("Analytics", lambda: reverse("analytics"), order=25, group="Money"))
register_nav(NavItem("Safety", _safety_url, order=26, roles=ADMINS, group="Money"))
register_searcher(Searcher("payment_links", find_links, order=10))
register_searcher(Searcher("payments", find_payments, order=20))
register_timeline(PaymentLink, story_of_link)
register_timeline(Payment, story_of_payment)
register_person_source(story_of_person)
register_worklist(
    Worklist(
        name="payments_to_decide",
        title="Money that was not expected",
        count=count_to_decide,
        url=_worklist_url,
        why="Late, surplus or mismatched payments: keep each, or send it back.",
        order=10,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="failed_refunds",
        title="Refunds that failed",
        count=count_failed_refunds,
        url=_worklist_url,
        why="The customer still waits for this money: refund again, or pay it another way.",
        order=20,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="stuck_events",
        title="News from Stripe not taken in",
        count=count_stuck_events,
        url=_worklist_url,
        why="Payments may look open here that are paid at Stripe: process them again.",
        order=30,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="fraud_alarms",
        title="Signs of stolen cards",
        count=count_alarms,
        url=_safety_url,
        why="A rule was broken: look at the link, and open it again if it is paused.",
        order=5,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="fraud_warnings",
        title="Early fraud warnings",
        count=count_warnings,
        url=_worklist_url,
        why="The card's bank warns of fraud: a refund now spares the dispute and its fee.",
        order=6,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="suspicious_payments",
        title="Paid, but suspicious",
        count=count_suspicious,
        url=_safety_url,
        why="Of a blocked card or risky by Stripe Radar: refund each, or let it be.",
        order=7,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="disputes_to_answer",
        title="Disputes to answer",
        count=count_disputes,
        url=_worklist_url,
        why="The bank waits for evidence, and takes none after the last day.",
        order=8,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="disputes_due",
        title="Disputes due within three days",
        count=count_disputes_due,
        url=_worklist_url,
        why="Answer these first: without evidence in time the money is lost.",
        order=4,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="links_expiring",
        title="Unpaid links that end soon",
        count=count_expiring,
        url=_expiring_url,
        why="They end within three days: remind the customer, or give more time.",
        order=40,
    )
)
