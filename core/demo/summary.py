"""Addresses and logins: for scripts as JSON, for people on the terminal."""

from typing import Any

from core.demo.environment import Addresses
from core.demo.errors import StartFailed
from core.demo.layout import Layout
from core.demo.terminal import Terminal

FROM_DEMO_DATA = (
    "admin_username",
    "admin_password",
    "counselor_username",
    "counselor_password",
    "tenant_id",
    "api_key",
    "webhook_url",
    "webhook_secret",
)
END = "Stop it with Ctrl-C."
# Addresses that are there once their part of the story was told.
FOR_CUSTOMERS = ("pay_url", "portal_url")


def summary(addresses: Addresses, logins: dict[str, Any]) -> dict[str, Any]:
    """Return the content of `var/demo.json`; raise StartFailed when a login is missing."""
    missing = [name for name in FROM_DEMO_DATA if name not in logins]
    if missing:
        raise StartFailed(f"demo_data did not answer with {', '.join(missing)}")
    return {
        "web": addresses.web,
        **{name: logins[name] for name in FROM_DEMO_DATA},
        **{name: logins.get(name, "") for name in FOR_CUSTOMERS},
        "stripe_api_base": addresses.stripe_api_base,
        "shop_url": addresses.shop,
        "sandbox": addresses.sandbox,
        "database_url_app": addresses.database_app,
        "database_url_owner": addresses.database_owner,
        "redis_url": addresses.redis,
    }


def announce(terminal: Terminal, content: dict[str, Any], layout: Layout) -> None:
    """Tell a person where to go and how to log in."""
    parts = [_lines(rows) for rows in (_to_begin(content, layout), _to_look_at(content))]
    heading = f"Taproom runs at {content['web']}"
    look = "Look at these first, as the admin:"
    text = "\n".join(["", heading, "", *parts[0], "", look, "", *parts[1], "", END])
    terminal.plain(text)


def _to_begin(content: dict[str, Any], layout: Layout) -> list[tuple[str, str]]:
    web = content["web"]
    return [
        ("Admin", f"{web}/admin/"),
        ("Payment links", f"{web}/links/"),
        ("API docs", f"{web}/api/docs/"),
        ("Sandbox", content["sandbox"] or "not started: Stripe and shop come from the environment"),
        ("Admin login", f"{content['admin_username']}  {content['admin_password']}"),
        ("Counselor login", f"{content['counselor_username']}  {content['counselor_password']}"),
        ("API key", content["api_key"]),
        ("For scripts", str(layout.summary)),
        ("Logs", str(layout.var / "log")),
    ]


def _to_look_at(content: dict[str, Any]) -> list[tuple[str, str]]:
    web = content["web"]
    rows = [
        ("What waits", f"{web}/admin/"),
        ("Money", f"{web}/analytics/"),
        ("Late, disputed", f"{web}/payments/worklist/"),
        ("Stolen cards", f"{web}/payments/safety/"),
        ("Leads today", f"{web}/today/"),
        ("Clubs", f"{web}/clubs/"),
        ("Rents, cases", f"{web}/cases/"),
        ("Bills to check", f"{web}/billing/runs/"),
        ("A customer pays", content["pay_url"]),
        ("A portal", content["portal_url"]),
        ("Letters sent", f"{content['sandbox']}/mail" if content["sandbox"] else ""),
    ]
    return [(label, address) for label, address in rows if address]


def _lines(rows: list[tuple[str, str]]) -> list[str]:
    return [f"  {label:<16} {value}" for label, value in rows]
