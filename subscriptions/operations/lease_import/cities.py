"""Cities as leases are named after: bru-merc-6-pien is in Brussels."""

from __future__ import annotations

from typing import NamedTuple

from subscriptions.dumps.naming import same_name


class City(NamedTuple):
    """The currency and the time zone of a city."""

    currency: str
    time_zone: str


CITIES = {
    "ams": City("EUR", "Europe/Amsterdam"),
    "bcn": City("EUR", "Europe/Madrid"),
    "ber": City("EUR", "Europe/Berlin"),
    "bos": City("USD", "America/New_York"),
    "bru": City("EUR", "Europe/Brussels"),
    "chi": City("USD", "America/Chicago"),
    "cph": City("DKK", "Europe/Copenhagen"),
    "dub": City("EUR", "Europe/Dublin"),
    "gva": City("CHF", "Europe/Zurich"),
    "lax": City("USD", "America/Los_Angeles"),
    "ldn": City("GBP", "Europe/London"),
    "lis": City("EUR", "Europe/Lisbon"),
    "lon": City("GBP", "Europe/London"),
    "lux": City("EUR", "Europe/Luxembourg"),
    "mad": City("EUR", "Europe/Madrid"),
    "mil": City("EUR", "Europe/Rome"),
    "nyc": City("USD", "America/New_York"),
    "par": City("EUR", "Europe/Paris"),
    "rom": City("EUR", "Europe/Rome"),
    "sfo": City("USD", "America/Los_Angeles"),
    "sto": City("SEK", "Europe/Stockholm"),
    "tyo": City("JPY", "Asia/Tokyo"),
    "vie": City("EUR", "Europe/Vienna"),
    "was": City("USD", "America/New_York"),
    "wdc": City("USD", "America/New_York"),
    "zrh": City("CHF", "Europe/Zurich"),
}
_BY_NAME = {
    "amsterdam": "ams", "barcelona": "bcn", "berlin": "ber", "boston": "bos", "brussels": "bru",
    "bruxelles": "bru", "brussel": "bru", "chicago": "chi", "copenhagen": "cph", "dublin": "dub",
    "geneva": "gva", "losangeles": "lax", "london": "ldn", "lisbon": "lis", "luxembourg": "lux",
    "madrid": "mad", "milan": "mil", "milano": "mil", "newyork": "nyc", "newyorkcity": "nyc",
    "paris": "par", "rome": "rom", "sanfrancisco": "sfo", "stockholm": "sto", "tokyo": "tyo",
    "vienna": "vie", "washington": "was", "zurich": "zrh",
}  # fmt: skip


def code_in(name: str) -> str:
    """Return the code of the city that a name begins with, such as "nyc"; empty without one."""
    code, dash, _ = name.partition("-")
    code = code.strip().lower()
    return code if dash and code in CITIES else ""


def code_of(city: str) -> str:
    """Return the code of a city by its code or name; empty for one that is not known."""
    word = same_name(city)
    return word if word in CITIES else _BY_NAME.get(word, "")
