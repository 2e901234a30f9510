"""One log line for each movement of money, once it is certain: ids and amounts, no people."""

from __future__ import annotations

from functools import partial

import structlog
from django.db import transaction

from core.tenancy import current

log = structlog.get_logger("taproom.money")


def tell_money(event: str, *, amount_minor: int, currency: str, **ids: object) -> None:
    """Write the line when the transaction in scope commits: what was rolled back did not happen.

    `ids` are ids of ours and of Stripe's, or a word such as a status; None is left out.
    """
    told = {name: str(value) for name, value in ids.items() if value not in {None, ""}}
    told["tenant_id"] = str(current().tenant_id)
    line = partial(log.info, event, amount_minor=amount_minor, currency=currency, **told)
    transaction.on_commit(line)
