"""Names of tables and columns as different dumps spell them."""

from __future__ import annotations

import re


def same_name(name: str) -> str:
    """Return the form in which stripeCustomerId, stripe_customer_id and STRIPECUSTOMERID agree."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
