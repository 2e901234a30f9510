"""Marks: what is kept of an address, an e-mail or a card, so that it can be counted and found.

A mark is a keyed hash: without SECRET_KEY nobody can try all addresses against it. After a change
of that key the former ones in SECRET_KEY_FALLBACKS still find what was marked with them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import salted_hmac

_SALT = "payments.marks"


class NotAParty(ValueError):
    """The text is no address, e-mail, card or country; the message says what it should be."""


def mark(*parts: object) -> str:
    """Return the hex mark of a text in parts, made with the newest key."""
    return _mark(parts, settings.SECRET_KEY)


def every_mark(*parts: object) -> list[str]:
    """Return the marks of a text under all keys that may have made one."""
    return [_mark(parts, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _mark(parts: Iterable[object], key: str) -> str:
    text = "\0".join(str(part) for part in parts)
    return salted_hmac(_SALT, text, secret=key, algorithm="sha256").hexdigest()


def who_counts(address: str) -> str:
    """Return an address as it is counted: an IPv6 caller owns a /64, so that counts as one."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)


def email_form(email: str) -> str:
    """Return an e-mail as it is compared."""
    return email.strip().casefold()


def listed_form(by: str, value: str) -> str:
    """Return a list's value in the one form that it is compared in. Raises NotAParty."""
    value = value.strip()
    if not value or len(value) > 254 or not value.isprintable():
        raise NotAParty("Give 1 to 254 printable characters.")
    return {"address": _network, "email": _email_or_domain, "country": _country}.get(by, str)(value)


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise NotAParty("An address such as 192.0.2.7, or a range such as 192.0.2.0/24.") from None


def _email_or_domain(value: str) -> str:
    name, at, domain = email_form(value).rpartition("@")
    if "." not in domain or " " in value or (at and not name and value.count("@") > 1):
        raise NotAParty("An e-mail such as ann@example.org, or a domain such as example.org.")
    return f"{name}@{domain}" if name else domain


def _country(value: str) -> str:
    if len(value) != 2 or not (value.isascii() and value.isalpha()):
        raise NotAParty("A country's two letters, such as NL.")
    return value.upper()


def names_of_address(address: str) -> list[str]:
    """Return an address and all ranges that hold it, as a list may name them."""
    found = ipaddress.ip_address(address)
    bits = range(found.max_prefixlen, -1, -1)
    return [str(ipaddress.ip_network(f"{found}/{n}", strict=False)) for n in bits]


def names_of_email(email: str) -> list[str]:
    """Return an e-mail and its domain with all that this lies in, as a list may name them."""
    whole = email_form(email)
    domain = whole.rpartition("@")[2]
    parts = domain.split(".")
    return [whole, *(".".join(parts[n:]) for n in range(len(parts) - 1))]
