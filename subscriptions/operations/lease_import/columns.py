"""Tables and columns by the names that dumps of different years give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from subscriptions.dumps.naming import same_name

HOUSES, USERS, ROOMS, LEASES, PAYMENTS = "houses", "users", "rooms", "leases", "payments"

TABLES = {
    "houses": HOUSES, "house": HOUSES, "buildings": HOUSES,
    "users": USERS, "user": USERS,
    "rooms": ROOMS, "room": ROOMS,
    "leases": LEASES, "lease": LEASES,
    "payments": PAYMENTS, "payment": PAYMENTS, "rentpayments": PAYMENTS,
}  # fmt: skip

# Our field -> the names it goes by, in the form of `same_name`; the first one found is taken.
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    HOUSES: {
        "source_id": ("id",),
        "name": ("name",),
        "city": ("city", "cityname", "town"),
        "currency": ("currency", "currencycode"),
        "time_zone": ("timezone", "tz"),
        "is_active": ("active", "isactive"),
        "is_deleted": ("deleted", "isdeleted"),
        "stripe_account_id": ("stripeaccountid", "stripeaccount"),
    },
    USERS: {
        "source_id": ("id",),
        "first_name": ("firstname",),
        "last_name": ("lastname", "familyname"),
        "email": ("email", "emailaddress"),
        "phone": ("phonenumber", "phone"),
        "address": ("address",),
        "birth_date": ("birthdate", "dateofbirth"),
        "country": ("prefixid", "countrycode", "country"),
        "locale": ("locale", "language", "lang", "preferredlanguage"),
        "is_active": ("active", "isactive"),
        "is_banned": ("banned", "isbanned"),
        "salt": ("salt",),
        "password": ("password", "passwordhash"),
        "stripe_customer_id": ("stripecustomerid", "customerid"),
    },
    ROOMS: {
        "source_id": ("id",),
        "house_source_id": ("houseid",),
        "number": ("number", "roomnumber"),
        "location": ("location",),
        "description": ("description",),
        "base_rent": ("baserent",),
        "rent": ("rent",),
        "deposit": ("deposit", "depositamount"),
        "is_active": ("active", "isactive"),
        "is_deleted": ("deleted", "isdeleted"),
        "stripe_product_id": ("stripeproductid",),
        "stripe_price_id": ("stripepriceid",),
    },
    LEASES: {
        "source_id": ("id",),
        "user_source_id": ("userid",),
        "room_source_id": ("roomid",),
        "house_source_id": ("houseid",),
        "number": ("number",),
        "name": ("name",),
        "status": ("status",),
        "starts_on": ("startdate",),
        "ends_on": ("enddate",),
        "moves_out_on": ("moveoutdate",),
        "signed_on": ("signaturedate",),
        "moved_in_on": ("moveindate",),
        "has_moved_in": ("hasmovedin",),
        "has_moved_out": ("hasmovedout",),
        "rent": ("rentamount", "rent"),
        "deposit": ("depositamount", "deposit"),
        # The second spelling is how the source's own documents write it.
        "stripe_subscription_id": ("stripesubscriptionid", "stripesubscritpionid"),
    },
    PAYMENTS: {
        "source_id": ("id",),
        "lease_source_id": ("leaseid",),
        "user_source_id": ("userid",),
        "amount": ("amount", "amountdue"),
        "paid": ("paid", "amountpaid", "ispaid"),
        "pending": ("pending", "ispending", "amountpending"),
        "due_on": ("duedate",),
        "paid_on": ("paymentdate", "paiddate", "paidat"),
        "made_on": ("createdat",),
        "currency": ("currency",),
        "comment": ("comment", "comments"),
        "retries": ("retries", "retrycount"),
        "is_disputed": ("disputed", "isdisputed"),
        "stripe_charge_id": ("stripechargeid", "chargeid"),
        "stripe_invoice_id": ("stripeinvoiceid", "invoiceid"),
        "stripe_payment_intent_id": ("stripepaymentintentid", "paymentintentid"),
    },
}  # fmt: skip

# What is written back, under the names that the source's documents give where a dump has none.
WRITTEN_BACK = {
    USERS: {"stripe_customer_id": "stripeCustomerId"},
    ROOMS: {"stripe_product_id": "stripeProductId", "stripe_price_id": ""},
    LEASES: {"stripe_subscription_id": "stripeSubscriptionId"},
}
# These columns are read, and stand in source_data as well: their text says more than our field.
KEPT_AS_WELL = frozenset(
    {"starts_on", "ends_on", "moves_out_on", "signed_on", "moved_in_on"}
    | {"due_on", "paid_on", "made_on"}
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a row of one table each field stands. `types` are MySQL's, by our field."""

    kind: str
    table: str
    at: dict[str, int]
    names: dict[str, str]
    rest: tuple[tuple[int, str], ...]
    types: dict[str, str] = field(default_factory=dict)

    def written_back(self) -> dict[str, str]:
        """Return the source's own names of the table and the columns that get Stripe's ids."""
        wanted = WRITTEN_BACK.get(self.kind, {})
        columns = {name: self.names.get(name, usual) for name, usual in wanted.items()}
        found = {name: column for name, column in columns.items() if column}
        return {"table": self.table, "id": self.names.get("source_id", "id"), **found}


def kind_of(table: str) -> str | None:
    """Return which of our tables a dump's table is; None for one that is not known."""
    return TABLES.get(same_name(table))


def layout_of(table: str, columns: Sequence[str], types: dict[str, str]) -> Layout:
    """Find our fields among the columns of a known table, whatever their spelling and order."""
    kind = TABLES[same_name(table)]
    spelled: dict[str, int] = {}
    for position, column in enumerate(columns):
        spelled.setdefault(same_name(column), position)
    at = {}
    for name, aliases in FIELDS[kind].items():
        places = [spelled[alias] for alias in aliases if alias in spelled]
        if places:
            at[name] = places[0]
    taken = {place for name, place in at.items() if name not in KEPT_AS_WELL}
    return Layout(
        kind=kind,
        table=table,
        at=at,
        names={name: columns[place] for name, place in at.items()},
        rest=tuple((place, name) for place, name in enumerate(columns) if place not in taken),
        types={name: types.get(columns[place], "") for name, place in at.items()},
    )
