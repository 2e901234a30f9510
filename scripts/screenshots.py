#!/usr/bin/env python3
"""Make the documents' pictures from a running demo: `.venv/bin/python scripts/screenshots.py`.

Reads where the demo is from var/demo.json, drives Chromium without a window, and writes PNGs into
docs/images. Names pick pictures; without names all are made.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
LINK_SHOWN = "Private tasting for eight"
DUTCH_LINK = "Kerstpakket van de brouwerij"


@dataclass(frozen=True)
class Demo:
    """What var/demo.json says."""

    facts: dict[str, str]

    def ask(self, path: str) -> Any:
        """Ask the API as the demo's program."""
        request = urllib.request.Request(
            self.facts["web"] + path, headers={"Authorization": f"Api-Key {self.facts['api_key']}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def link_url(self, title: str) -> str:
        """Return the public address of a link of the story."""
        links = self.ask("/api/payment-links/?status=active&limit=100")["items"]
        return str(next(link["url"] for link in links if link["title"] == title))


@dataclass(frozen=True)
class Shot:
    """One picture: where it is taken, how wide, how dark, by whom."""

    name: str
    open: Callable[[Page, Demo], object]
    is_phone: bool = False
    scheme: str = "light"
    log_in_as: str = ""


def open_path(path: str) -> Callable[[Page, Demo], object]:
    """Return what opens a path of the web server."""
    return lambda page, demo: page.goto(demo.facts["web"] + path, wait_until="networkidle")


def open_link(page: Page, demo: Demo) -> None:
    """Open the page that a customer sees."""
    page.goto(demo.link_url(LINK_SHOWN), wait_until="networkidle")


def open_checkout(page: Page, demo: Demo) -> None:
    """Press the button, and be on the sandbox's page."""
    open_link(page, demo)
    page.get_by_role("button").first.click()
    page.wait_for_url(f"{demo.facts['sandbox']}/**")


def open_named(name: str, query: str = "") -> Callable[[Page, Demo], object]:
    """Return what opens one of the addresses that the demo gives to customers."""
    return lambda page, demo: page.goto(demo.facts[name] + query, wait_until="networkidle")


def open_row(path: str, words: str) -> Callable[[Page, Demo], object]:
    """Return what opens a list and then the row with these words."""

    def open_it(page: Page, demo: Demo) -> None:
        page.goto(demo.facts["web"] + path)
        page.locator("main tbody tr", has_text=words).first.get_by_role("link").first.click()
        page.wait_for_load_state("networkidle")

    return open_it


def open_in_dutch(page: Page, demo: Demo) -> None:
    """Open a link as a customer does whose browser asks for Dutch."""
    page.goto(f"{demo.link_url(DUTCH_LINK)}?lang=nl", wait_until="networkidle")


def open_docs(page: Page, demo: Demo) -> None:
    """Open the API's documentation, and wait until its script has drawn it."""
    page.goto(demo.facts["web"] + "/api/docs/")
    page.locator(".opblock-tag").first.wait_for()


SHOTS = (
    Shot("pay", open_link),
    Shot("pay-items-phone", open_named("pay_url"), is_phone=True),
    Shot("pay-dutch-phone-dark", open_in_dutch, is_phone=True, scheme="dark"),
    Shot("checkout", open_checkout),
    Shot("today", open_path("/today/"), log_in_as="counselor"),
    Shot("pipeline", open_path("/pipeline/"), log_in_as="admin"),
    Shot("home", open_path("/admin/"), log_in_as="admin"),
    Shot("links", open_path("/links/"), log_in_as="admin"),
    Shot("analytics", open_path("/analytics/"), log_in_as="admin"),
    Shot("payment", open_row("/payments/", DUTCH_LINK), log_in_as="admin"),
    Shot("safety-dark", open_path("/payments/safety/"), scheme="dark", log_in_as="admin"),
    Shot("club", open_row("/clubs/", "Beer of the month"), log_in_as="admin"),
    Shot("case", open_row("/cases/", "Tomasz"), log_in_as="admin"),
    Shot("run", open_row("/billing/runs/", "In review"), log_in_as="admin"),
    Shot("portal", open_named("portal_url")),
    Shot("api-docs", open_docs),
)


def find_browser() -> str:
    """Return the path of a Chromium, or end the program with the reason."""
    given = os.environ.get("CHROMIUM_PATH")
    found = given or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("screenshots: no Chromium here; apt-get install chromium, or set CHROMIUM_PATH")
    return found


def log_in(context: BrowserContext, demo: Demo, role: str) -> None:
    """Log in as the demo's admin or counselor."""
    page = context.new_page()
    page.goto(f"{demo.facts['web']}/accounts/login/")
    page.fill("input[name=login]", demo.facts[f"{role}_username"])
    page.fill("input[name=password]", demo.facts[f"{role}_password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/today/")
    page.close()


def take(browser: Browser, demo: Demo, shot: Shot, folder: Path) -> Path:
    """Take one picture and return where it lies."""
    context = browser.new_context(
        viewport=PHONE if shot.is_phone else DESKTOP,
        color_scheme=shot.scheme,
        locale="en-GB",
        reduced_motion="reduce",
    )
    if shot.log_in_as:
        log_in(context, demo, shot.log_in_as)
    page = context.new_page()
    shot.open(page, demo)
    page.evaluate("document.fonts.ready")
    path = folder / f"{shot.name}.png"
    page.screenshot(path=path, animations="disabled")
    context.close()
    return path


def main() -> None:
    """Take the pictures that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *(shot.name for shot in SHOTS)])
    parser.add_argument("--demo", type=Path, default=ROOT / "var" / "demo.json")
    parser.add_argument("--output", type=Path, default=IMAGES)
    options = parser.parse_args()
    if not options.demo.exists():
        sys.exit("screenshots: start `python3 run.py demo` first, and wait until it is ready")
    demo = Demo(json.loads(options.demo.read_text()))
    options.output.mkdir(parents=True, exist_ok=True)
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=flags)
        for shot in SHOTS:
            if not options.names or shot.name in options.names:
                path = take(browser, demo, shot, options.output)
                print(f"{path.name}: {path.stat().st_size // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
