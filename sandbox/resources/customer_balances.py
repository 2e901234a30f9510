"""The transactions that make up a customer's balance."""

from sandbox.books import Json
from sandbox.errors import no_such
from sandbox.invoicing import balances
from sandbox.lists import paginate
from sandbox.routes import Call, operation

KIND = "customer_balance_transaction"


@operation("POST", "/v1/customers/{customer}/balance_transactions")
def create_customer_balance_transaction(call: Call) -> Json:
    """Credit a customer with a negative amount, or have them owe a positive one."""
    customer = call.books.get("customer", call.ids["customer"])
    return balances.adjust(call.books, customer, call.params)


@operation("GET", "/v1/customers/{customer}/balance_transactions/{transaction}")
def retrieve_customer_balance_transaction(call: Call) -> Json:
    """Return a transaction of a customer's balance."""
    found = call.books.get(KIND, call.ids["transaction"])
    if found["customer"] != call.ids["customer"]:
        raise no_such(KIND, call.ids["transaction"])
    return found


@operation("GET", "/v1/customers/{customer}/balance_transactions")
def list_customer_balance_transactions(call: Call) -> Json:
    """List the transactions of a customer's balance, newest first."""
    customer = call.books.get("customer", call.ids["customer"])
    filters = {"customer": customer["id"]}
    if "invoice" in call.params:
        filters["invoice"] = call.params["invoice"]
    return paginate(call, KIND, filters)
