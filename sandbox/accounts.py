"""The accounts of the sandbox: one for each secret key, and those connected to them."""

import json
import re
from dataclasses import dataclass

from sandbox import ids
from sandbox.books import Json
from sandbox.errors import StripeError
from sandbox.spec.objects import build
from sandbox.store import Store

TEST_KEY = re.compile(r"(sk|rk)_test_[A-Za-z0-9_]+")
NAME = "Sandbox business"


@dataclass(frozen=True)
class Account:
    """An account row; ``platform`` is the account that it is connected to, if any."""

    id: str
    platform: str | None
    body: Json


def _row_to_account(row: Json) -> Account:
    return Account(row["id"], row["platform"], json.loads(row["body"]))


def blank(account_id: str, now: int, business_name: str = NAME) -> Json:
    """Return a new account object that can charge and pay out."""
    settings = build("account_settings")
    settings["dashboard"] = {"display_name": business_name, "timezone": "Etc/UTC"}
    return build(
        "account",
        id=account_id,
        business_profile=build("account_business_profile", name=business_name),
        capabilities={"card_payments": "active", "transfers": "active"},
        charges_enabled=True,
        controller=build("account_unification_account_controller", type="account"),
        country="US",
        created=now,
        default_currency="usd",
        details_submitted=True,
        metadata={},
        payouts_enabled=True,
        settings=settings,
        type="standard",
    )


def find(store: Store, account_id: str) -> Account | None:
    """Return an account by id, or None."""
    row = store.row("select * from accounts where id = ?", account_id)
    return _row_to_account(dict(row)) if row else None


def default_currency(store: Store, account_id: str) -> str:
    """Return the currency in which an account sells unless it says otherwise."""
    found = find(store, account_id)
    return str(found.body["default_currency"]) if found else "usd"


def add(store: Store, body: Json, *, secret_key: str | None, platform: str | None) -> Account:
    """Store a new account, or the new key, name and platform of a known one."""
    store.execute(
        "insert into accounts (id, secret_key, platform, body) values (?, ?, ?, ?) "
        "on conflict (id) do update set secret_key = excluded.secret_key, "
        "platform = excluded.platform, body = excluded.body",
        body["id"],
        secret_key,
        platform,
        json.dumps(body),
    )
    return Account(body["id"], platform, body)


def of_key(store: Store, secret_key: str, now: int) -> Account:
    """Return the account of a secret key; it comes into being with the key's first use."""
    row = store.row("select * from accounts where secret_key = ?", secret_key)
    if row:
        return _row_to_account(dict(row))
    body = blank(ids.account_of(secret_key), now)
    return add(store, body, secret_key=secret_key, platform=None)


def connected(store: Store, platform: str) -> list[Account]:
    """Return the accounts connected to a platform, newest first."""
    rows = store.rows("select * from accounts where platform = ? order by rowid desc", platform)
    return [_row_to_account(dict(row)) for row in rows]


def masked(secret_key: str) -> str:
    """Return a key as Stripe's errors show it: the prefix and the last four characters."""
    return f"{secret_key[:8]}{'*' * max(4, len(secret_key) - 12)}{secret_key[-4:]}"


def check_key(secret_key: str | None) -> str:
    """Return a usable test key. Raises StripeError (401) without one or for any other kind."""
    if not secret_key:
        message = (
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
            "YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details."
        )
        raise StripeError(message, status=401)
    if secret_key.startswith(("sk_live_", "rk_live_")):
        message = "This is a sandbox: it has test mode only and takes no live key. Use sk_test_..."
        raise StripeError(message, status=401, code="livemode_mismatch")
    if not TEST_KEY.fullmatch(secret_key):
        message = f"Invalid API Key provided: {masked(secret_key)}"
        raise StripeError(message, status=401)
    return secret_key


def acting(store: Store, own: Account, stripe_account: str | None, key: str) -> Account:
    """Return the account that a request acts on: its own, or the one in ``Stripe-Account``.

    Raises StripeError (403) for an account that is not connected to this platform.
    """
    if stripe_account is None or stripe_account == own.id:
        return own
    named = find(store, stripe_account)
    if named is None or named.platform != own.id:
        message = (
            f"The provided key '{masked(key)}' does not have access to account "
            f"'{stripe_account}' (or that account does not exist). Application access may have "
            "been revoked."
        )
        raise StripeError(message, status=403, code="account_invalid")
    return named


def save(store: Store, body: Json) -> None:
    """Store the new state of an account."""
    store.execute("update accounts set body = ? where id = ?", json.dumps(body), body["id"])
