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


def summary(addresses: Addresses, logins: dict[str, Any]) -> dict[str, Any]:
    """Return the content of `var/demo.json`; raise StartFailed when a login is missing."""
    missing = [name for name in FROM_DEMO_DATA if name not in logins]
    if missing:
        raise StartFailed(f"demo_data did not answer with {', '.join(missing)}")
    return {
        "web": addresses.web,
        **{name: logins[name] for name in FROM_DEMO_DATA},
        "stripe_api_base": addresses.stripe_api_base,
        "shop_url": addresses.shop,
        "sandbox": addresses.sandbox,
        "database_url_app": addresses.database_app,
        "database_url_owner": addresses.database_owner,
        "redis_url": addresses.redis,
    }


def announce(terminal: Terminal, content: dict[str, Any], layout: Layout) -> None:
    """Tell a person where to go and how to log in."""
    web = content["web"]
    rows = [
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
    lines = [f"  {label:<16} {value}" for label, value in rows]
    text = "\n".join(["", f"Taproom runs at {web}", "", *lines, "", "Stop it with Ctrl-C."])
    terminal.plain(text)
