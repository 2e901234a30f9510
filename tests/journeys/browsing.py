"""A customer or a member of staff in front of a real browser."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from core.demo.processes import wait_until
from tests.journeys.people import GOOD

# The page that waits for Stripe's word looks again after three seconds.
PATIENCE_MS = 20_000


class Window:
    """One page of a browser that keeps what the console complains of about our own pages."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.site = site
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: ConsoleMessage) -> None:
        place = message.location.get("url", "")
        if message.type in {"error", "warning"} and place.startswith(self.site):
            self.complaints.append(f"{place}: {message.text}")

    def open(self, url: str) -> None:
        """Go to an address."""
        self.page.goto(url)

    def press(self, name: str) -> None:
        """Press the button whose name begins so."""
        self.page.get_by_role("button", name=re.compile(f"^{name}")).click()

    def fill_card(self, number: str = GOOD) -> None:
        """Fill in the card's form on Stripe's page."""
        filled = {
            "Email": "buyer@example.com", "Card number": number, "Expiry": "12 / 40",
            "Security code": "123", "Name on card": "Bo Buyer",
        }  # fmt: skip
        for label, text in filled.items():
            self.page.get_by_label(label, exact=True).fill(text)

    def tab_to(self, name: str) -> None:
        """Go on by the Tab key to the button that says this or the field of this name."""
        for _ in range(20):
            self.page.keyboard.press("Tab")
            focused = "const one = document.activeElement; return one.name || one.innerText.trim()"
            if self.page.evaluate(f"() => {{ {focused} }}") == name:
                return
        raise AssertionError(f"{name} cannot be reached by Tab")

    def buy(self, url: str, number: str = GOOD) -> None:
        """Open a link and pay it with a card."""
        self.open(url)
        self.press("Continue to payment")
        self.fill_card(number)
        self.press("Pay")

    def shows(self, heading: str) -> None:
        """Wait until the main heading of one of our pages says this."""
        found = self.page.get_by_role("heading", level=1)
        expect(found).to_have_text(heading, timeout=PATIENCE_MS)
        assert self.page.url.startswith(self.site)

    def ends_with(self, heading: str) -> None:
        """Come back from Stripe and look again, impatiently, until the main heading says this."""
        again = self.page.get_by_role("link", name="Look again now")
        end = self.page.get_by_role("heading", level=1, name=heading, exact=True)

        def is_there() -> bool:
            expect(again.or_(end)).to_be_visible(timeout=PATIENCE_MS)
            if again.is_visible():
                again.click()
            return end.is_visible()

        assert wait_until(is_there, seconds=PATIENCE_MS / 1000), f"never came to: {heading}"
        assert self.page.url.startswith(self.site)

    def is_accessible(self) -> None:
        """Find nothing serious against the rules of accessibility, nor text cut off at the side."""
        found = Axe().run(self.page).response["violations"]
        serious: list[Any] = [
            (one["id"], [node["html"] for node in one["nodes"]])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == []
        wide, room = self.page.evaluate(
            "() => [document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert wide <= room, "the page scrolls sideways"
