"""The account itself and those connected to it."""

from sandbox import accounts, ids
from sandbox.books import Json
from sandbox.errors import no_such
from sandbox.lists import slice_page
from sandbox.metadata import merge
from sandbox.routes import Call, operation

PLAIN = ("business_type", "country", "default_currency", "email", "type")


@operation("GET", "/v1/account")
def retrieve_own_account(call: Call) -> Json:
    """Return the account that the request acts on."""
    return _body(call, call.books.account)


def _body(call: Call, account_id: str) -> Json:
    found = accounts.find(call.books.store, account_id)
    if found is None or call.books.account not in (found.id, found.platform):
        raise no_such("account", account_id, "account")
    return found.body


@operation("GET", "/v1/accounts/{account}")
def retrieve_account(call: Call) -> Json:
    """Return the own account or a connected one."""
    return _body(call, call.id)


@operation("GET", "/v1/accounts")
def list_accounts(call: Call) -> Json:
    """List connected accounts, newest first."""
    found = accounts.connected(call.books.store, call.books.account)
    return slice_page(call, [account.body for account in found])


@operation("POST", "/v1/accounts")
def create_account(call: Call) -> Json:
    """Create a connected account that can charge at once: nothing is asked of its owner."""
    books, params = call.books, call.params
    body = accounts.blank(ids.new("acct"), books.now)
    body |= {name: params[name] for name in PLAIN if name in params}
    body["business_profile"] |= params.get("business_profile", {})
    body["metadata"] = merge(None, params.get("metadata"))
    accounts.add(books.store, body, secret_key=None, platform=books.account)
    return body
