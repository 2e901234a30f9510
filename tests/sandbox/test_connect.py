"""Transfers to connected accounts and back, by Stripe's rules."""

import pytest

from tests.sandbox.conftest import intent_params

DAY = 24 * 3600


@pytest.fixture
def house(api):
    """A connected account."""
    return api.post("/v1/accounts", {"type": "express", "country": "US"})["id"]


@pytest.fixture
def charge(api):
    """A paid charge of 20.00 USD."""
    return api.post("/v1/payment_intents", intent_params())["latest_charge"]


def _send(api, house, charge, amount=2000, **more):
    form = {"amount": amount, "currency": "usd", "destination": house, **more}
    return api.post("/v1/transfers", form | ({"source_transaction": charge} if charge else {}))


def _balance(api, currency, account=None):
    headers = {"Stripe_Account": account} if account else {}
    balance = api.get("/v1/balance", **headers)
    amounts = [*balance["available"], *balance["pending"]]
    return sum(entry["amount"] for entry in amounts if entry["currency"] == currency)


def _types(api, pattern):
    return [event["type"] for event in api.get("/v1/events", {"type": pattern})["data"]][::-1]


def test_transfer_moves_the_money_of_a_charge_at_once(api, house, charge):
    before = _balance(api, "usd")

    transfer = _send(api, house, charge, transfer_group="rent-1", **{"metadata[lease]": "L1"})

    assert (transfer["amount"], transfer["destination"]) == (2000, house)
    assert (transfer["source_transaction"], transfer["transfer_group"]) == (charge, "rent-1")
    assert transfer["metadata"] == {"lease": "L1"}
    assert _balance(api, "usd") == before - 2000
    assert _balance(api, "usd", house) == 2000
    assert _types(api, "transfer.*") == ["transfer.created"]
    entry = api.get(f"/v1/balance_transactions/{transfer['balance_transaction']}")
    assert (entry["type"], entry["amount"]) == ("transfer", -2000)


def test_transfers_of_a_charge_never_exceed_it(api, house, charge):
    _send(api, house, charge, 1500)
    form = {"amount": 501, "currency": "usd", "destination": house, "source_transaction": charge}

    status, error = api.error("POST", "/v1/transfers", form)

    assert (status, error["param"]) == (400, "amount")
    assert _send(api, house, charge, 500)["amount"] == 500


def test_transfer_without_source_needs_available_funds(api, house, charge):
    form = {"amount": 1000, "currency": "usd", "destination": house}

    status, error = api.error("POST", "/v1/transfers", form)
    api.control("/clock", {"advance": 3 * DAY})
    later = _send(api, house, None, 1000)

    assert (status, error["code"]) == (400, "balance_insufficient")
    assert later["source_transaction"] is None


@pytest.mark.parametrize("to", ["acct_unknown0000000", "other"])
def test_transfer_goes_to_own_connected_accounts_only(api, charge, to):
    form = {"amount": 100, "currency": "usd", "destination": to, "source_transaction": charge}

    status, error = api.error("POST", "/v1/transfers", form)

    assert (status, error["code"], error["param"]) == (400, "resource_missing", "destination")


def test_transfer_is_refused_by_an_account_that_takes_none(api, house, charge):
    api.control(f"/accounts/{house}/capabilities", {"transfers": "inactive"})
    form = {"amount": 100, "currency": "usd", "destination": house, "source_transaction": charge}

    status, error = api.error("POST", "/v1/transfers", form)
    api.control(f"/accounts/{house}/capabilities", {"transfers": "active"})

    assert (status, error["code"]) == (400, "insufficient_capabilities_for_transfer")
    assert _send(api, house, charge)["amount"] == 2000


def test_transfer_in_another_currency_than_its_source_is_refused(api, house, charge):
    form = {"amount": 100, "currency": "eur", "destination": house, "source_transaction": charge}

    status, error = api.error("POST", "/v1/transfers", form)

    assert (status, error["param"]) == (400, "currency")


def test_reversal_brings_money_back_in_parts(api, house, charge):
    transfer = _send(api, house, charge)
    path = f"/v1/transfers/{transfer['id']}/reversals"

    first = api.post(path, {"amount": 500, "metadata[why]": "dispute"})
    half = api.get(f"/v1/transfers/{transfer['id']}")
    api.post(path)

    assert (first["amount"], first["metadata"]) == (500, {"why": "dispute"})
    assert (half["amount_reversed"], half["reversed"]) == (500, False)
    whole = api.get(f"/v1/transfers/{transfer['id']}")
    assert (whole["amount_reversed"], whole["reversed"]) == (2000, True)
    assert [one["amount"] for one in api.get(path)["data"]] == [1500, 500]
    assert api.get(f"{path}/{first['id']}")["id"] == first["id"]
    assert _balance(api, "usd", house) == 0
    assert _types(api, "transfer.reversed") == ["transfer.reversed", "transfer.reversed"]
    assert api.error("POST", path)[1]["code"] == "transfer_already_reversed"


def test_reversal_needs_the_connected_balance_to_cover_it(api, house, charge):
    transfer = _send(api, house, charge)
    other = api.post("/v1/accounts", {"type": "express", "country": "US"})["id"]
    api.control("/accounts", {"id": other, "platform": house})
    form = {"amount": 1500, "currency": "usd", "destination": other}
    api.post("/v1/transfers", form, Stripe_Account=house)

    status, error = api.error("POST", f"/v1/transfers/{transfer['id']}/reversals")

    assert (status, error["code"]) == (400, "balance_insufficient")


def test_transfer_key_replays_and_metadata_can_be_changed(api, house, charge):
    form = {"amount": 700, "currency": "usd", "destination": house, "source_transaction": charge}

    first = api.post("/v1/transfers", form, Idempotency_Key="t1")
    again = api.post("/v1/transfers", form, Idempotency_Key="t1")
    changed = api.post(f"/v1/transfers/{first['id']}", {"metadata[a]": "b"})

    assert first["id"] == again["id"]
    assert changed["metadata"] == {"a": "b"}
    listed = api.get("/v1/transfers", {"destination": house})["data"]
    assert [one["id"] for one in listed] == [first["id"]]
