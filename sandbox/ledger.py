"""Balance transactions: what each charge, refund and dispute does to an account's balance.

Fees are Stripe's standard ones in the United States: 2.9 % and 30 minor units a charge, 1500 a
dispute. Funds of a charge are available two days later.
"""

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.spec.objects import build

PENDING_SECONDS = 2 * 24 * 3600
DISPUTE_FEE = 1500
CATEGORIES = {"payment": "charge", "payment_refund": "refund", "adjustment": "dispute"}


def charge_fee(amount: int) -> int:
    """Return the fee on a charge: 2.9 % rounded half up, and 30, all in minor units."""
    return (amount * 29 + 500) // 1000 + 30


def enter(
    books: Books, kind: str, source: Json, amount: int, *, fee: int = 0, pending: int = 0
) -> Json:
    """Store a balance transaction and return it.

    ``amount`` is signed and in minor units of the source's currency; ``pending`` is how many
    seconds the funds wait.
    """
    currency = source["currency"]
    details = build("fee", amount=fee, currency=currency, description="Stripe processing fees")
    body = build(
        "balance_transaction",
        id=ids.new("txn"),
        amount=amount,
        available_on=books.now + pending,
        balance_type="payments",
        created=books.now,
        currency=currency,
        description=source.get("description"),
        fee=fee,
        fee_details=[{**details, "type": "stripe_fee"}] if fee else [],
        net=amount - fee,
        reporting_category=CATEGORIES.get(kind, kind),
        source=source["id"],
        status="pending" if pending else "available",
        type=kind,
    )
    return books.add(body)


def current(entry: Json, now: int) -> Json:
    """Return an entry with the status it has at this moment."""
    return {**entry, "status": "available" if entry["available_on"] <= now else "pending"}


def totals(books: Books, *, available: bool) -> list[Json]:
    """Return the sum of net amounts for each currency, available or still pending."""
    sums: dict[str, int] = {}
    for entry in books.where("balance_transaction"):
        if (entry["available_on"] <= books.now) == available:
            sums[entry["currency"]] = sums.get(entry["currency"], 0) + entry["net"]
    sums = sums or {"usd": 0}
    return [
        build(
            "balance_amount",
            amount=amount,
            currency=currency,
            source_types=build("balance_amount_by_source_type", card=amount),
        )
        for currency, amount in sorted(sums.items())
    ]


def available(books: Books, currency: str) -> int:
    """Return the account's available funds in a currency, in minor units."""
    entries = books.where("balance_transaction", currency=currency)
    return sum(entry["net"] for entry in entries if entry["available_on"] <= books.now)


def net(books: Books, currency: str) -> int:
    """Return all of the account's funds in a currency, pending ones included."""
    return sum(entry["net"] for entry in books.where("balance_transaction", currency=currency))
