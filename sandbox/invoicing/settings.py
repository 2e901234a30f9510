"""What parameters say of an invoice apart from its lines: checked, as fields of the invoice."""

from sandbox.books import Books, Json
from sandbox.clock import check_moment
from sandbox.errors import StripeError, conflict
from sandbox.invoicing import finalizing
from sandbox.metadata import unset
from sandbox.spec.objects import build

DAY = 24 * 3600
MOST_FIELDS = 4
LATEST_FINALIZATION = 5 * 366 * DAY
UNSUPPORTED = (
    "account_tax_ids", "application_fee_amount", "customer_account", "default_source",
    "default_tax_rates", "discounts", "from_invoice", "on_behalf_of", "shipping_cost",
    "shipping_details", "subscription", "transfer_data",
)  # fmt: skip
PLAIN = ("description", "effective_at", "footer", "statement_descriptor")


def check_support(params: Json) -> None:
    """Raise StripeError (400) for what this sandbox's invoices do not have."""
    for name in UNSUPPORTED:
        if params.get(name):
            raise StripeError(f"The sandbox's invoices have no `{name}`.", param=name)
    if params.get("automatic_tax", {}).get("enabled"):
        raise StripeError("The sandbox reckons no tax.", param="automatic_tax[enabled]")
    if params.get("issuer", {}).get("type") == "account":
        raise StripeError("The sandbox's invoices have no issuer of their own.", param="issuer")
    odd = params.get("payment_settings", {}).keys() - {"payment_method_types"}
    if odd:
        message = "The sandbox's payment settings have `payment_method_types` only."
        raise StripeError(message, param=f"payment_settings[{min(odd)}]")


def number(books: Books, params: Json, but: str | None = None) -> Json:
    """Return the invoice number asked for; StripeError (400) when another invoice has it."""
    if "number" not in params:
        return {}
    wanted = unset(params["number"])
    if isinstance(wanted, str) and finalizing.is_taken(books, wanted, but):
        message = f"The invoice number {wanted} is already in use by another invoice."
        raise StripeError(message, param="number")
    return {"number": wanted}


def due_date(books: Books, params: Json, created: int, known: Json | None) -> Json:
    """Return the collection method and the due date that parameters ask for."""
    method = params.get("collection_method") or (known or {}).get("collection_method")
    method = method or "charge_automatically"
    given = [name for name in ("due_date", "days_until_due") if name in params]
    if len(given) > 1:
        message = "You may only specify one of these parameters: days_until_due, due_date."
        raise conflict(message, "parameters_exclusive", param="due_date")
    if method == "charge_automatically":
        if given:
            message = f"You can only set `{given[0]}` if the collection method is `send_invoice`."
            raise StripeError(message, param=given[0])
        return {"collection_method": method, "due_date": None}
    if not given:
        if known is not None and known["due_date"] is not None:
            return {"collection_method": method}
        message = (
            "You must pass `days_until_due` or `due_date` when the collection method is "
            "`send_invoice`."
        )
        raise conflict(message, "parameter_missing", param="days_until_due")
    return {"collection_method": method, "due_date": _moment(books, params, given[0], created)}


def _moment(books: Books, params: Json, name: str, created: int) -> int:
    value: int = params[name]
    if name == "days_until_due":
        if not 0 <= value <= 3650:
            message = "Invalid integer: `days_until_due` must be between 0 and 3650."
            raise StripeError(message, param=name)
        return created + value * DAY
    if not books.now <= value <= books.now + 10 * 366 * DAY:
        message = "The due date must be in the future, and within ten years."
        raise StripeError(message, param=name)
    return value


def finalizes_at(books: Books, params: Json) -> int | None:
    """Return when a draft is to be finalized by itself, or None. Raises StripeError (400)."""
    at: int | None = params.get("automatically_finalizes_at")
    if at is not None and not books.now < at <= books.now + LATEST_FINALIZATION:
        message = "`automatically_finalizes_at` must be in the future, and within five years."
        raise StripeError(message, param="automatically_finalizes_at")
    return at


def default_method(books: Books, params: Json, customer: str) -> Json:
    """Return the default payment method asked for. Raises StripeError (400)."""
    if "default_payment_method" not in params:
        return {}
    name = unset(params["default_payment_method"])
    if name is None:
        return {"default_payment_method": None}
    found = books.get("payment_method", params["default_payment_method"], "default_payment_method")
    if found["customer"] != customer:
        message = "The payment method does not belong to the customer of this invoice."
        raise StripeError(message, param="default_payment_method")
    return {"default_payment_method": found["id"]}


def looks(params: Json) -> Json:
    """Return the fields that only change what an invoice shows."""
    check_moment(params, "effective_at")
    found: Json = {name: unset(params[name]) for name in PLAIN if name in params}
    if "custom_fields" in params:
        fields = unset(params["custom_fields"])
        if isinstance(fields, list) and len(fields) > MOST_FIELDS:
            message = f"An invoice can have at most {MOST_FIELDS} custom fields."
            raise StripeError(message, param="custom_fields")
        found["custom_fields"] = fields or None
    if "rendering" in params:
        given = {name: unset(value) for name, value in params["rendering"].items()}
        known = {n: given[n] for n in ("amount_tax_display", "template") if n in given}
        found["rendering"] = build("invoices_resource_invoice_rendering", **known)
    if "payment_settings" in params:
        kinds = unset(params["payment_settings"].get("payment_method_types"))
        settings = build("invoices_payment_settings", payment_method_types=kinds)
        found["payment_settings"] = settings
    return found
