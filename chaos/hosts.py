"""`python -m chaos.hosts`: open every page in a browser, and count which hosts it asks.

A demo of its own. Each kind of page that can be reached is opened in Chromium, by an admin and by
somebody without a login. Exit code 0: no page asks a host but ours (a payment's button may lead to
Stripe's page), none breaks its content security policy and none fails; 1: one does; 2: it could
not be played.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from playwright.sync_api import Error as BrowserError
from rich.console import Console

from chaos import program
from chaos.hostile.pages import Map, People
from chaos.site import CannotStart, enter, site
from core.demo.layout import PROJECT

HOME = PROJECT / "var" / "hostile"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Tells of each thing that the policy kept from loading or running, on the page itself.
LISTEN = """
document.addEventListener("securitypolicyviolation", (one) =>
    console.error("CSP " + one.effectiveDirective + " " + one.blockedURI + " " + one.sample));
"""
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
# Files are kept, not shown; what takes POST alone answers without a page.
NO_PAGE = ("Download is starting", "ERR_ABORTED", "ERR_HTTP_RESPONSE_CODE_FAILURE")
SETTLE_MS = 200


@dataclass
class Seen:
    """What the pages asked for, and what went wrong on them."""

    hosts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    without_policy: list[str] = field(default_factory=list)
    pages: int = 0


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("chaos.hosts", description=__doc__)
    parser.add_argument("--port", type=int, default=8079)
    return parser.parse_args(words)


class Walk:
    """One person's browser, on one page after the other."""

    def __init__(self, browser: Browser, web: str, cookies: dict[str, str], seen: Seen) -> None:
        context = browser.new_context()
        context.add_cookies(
            [{"name": name, "value": value, "url": web} for name, value in cookies.items()]
        )
        context.add_init_script(LISTEN)
        self._page: Page = context.new_page()
        self._web, self._seen, self._place = web, seen, ""
        self._page.on("request", self._asked)
        self._page.on("console", self._told)
        self._page.on("pageerror", lambda error: self._fail(str(error)))

    def open(self, path: str) -> None:
        """Open one page and wait until it has loaded."""
        self._place = path
        try:
            answer = self._page.goto(self._web + path, wait_until="load", timeout=60_000)
        except BrowserError as error:
            if not any(word in str(error) for word in NO_PAGE):
                self._fail(str(error).splitlines()[0])
            # Chromium goes on to a page of its own, which would interrupt the next one.
            self._page.wait_for_timeout(SETTLE_MS)
            self._page.goto("about:blank")
            return
        self._seen.pages += 1
        if answer is not None and "html" in answer.headers.get("content-type", ""):
            policy = answer.headers.get("content-security-policy", "")
            if "'unsafe-inline'" in policy or "default-src" not in policy:
                self._seen.without_policy.append(f"{path} {policy[:80]}")
            if answer.status >= 500:
                self._fail(str(answer.status))

    def _asked(self, request: Request) -> None:
        place = urlsplit(request.url)
        if place.scheme not in {"data", "blob", "about"}:
            self._seen.hosts[place.netloc] += 1
            if not request.url.startswith(self._web):
                self._fail(f"asks {place.netloc}")

    def _told(self, message: ConsoleMessage) -> None:
        if "CSP " in message.text or "Content Security Policy" in message.text:
            self._seen.violations.append(f"{self._place} {message.text}")

    def _fail(self, words: str) -> None:
        self._seen.failures.append(f"{self._place} {words}")


def run(options: argparse.Namespace, console: Console) -> bool:
    """Open everything and tell; returns whether all was well."""
    seen = Seen()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise CannotStart("no Chromium here")
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with site(HOME, options.port, console.print) as on:
        enter(on)
        login = (str(on.facts["admin_username"]), str(on.facts["admin_password"]))
        people = People(on.web, [login])
        people.sign_in()
        pages = Map(on.web, each=1)
        pages.walk(people.cookies[0])
        found = [one for page in pages.pages.values() for one in page.addresses]
        public = [one for one in found if not one.startswith(("/admin/", "/api/"))]
        console.print(f"{len(found)} pages ...")
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=program, args=flags)
            for cookies, places in ((people.cookies[0], found), ({}, public)):
                walk = Walk(browser, on.web, cookies, seen)
                for place in places:
                    walk.open(place)
            browser.close()
    return tell(console, seen)


def tell(console: Console, seen: Seen) -> bool:
    """Say what was seen; returns whether all was well."""
    console.print(f"{seen.pages} pages opened; hosts asked: {dict(seen.hosts)}")
    for title, lines in (
        ("broken policies", seen.violations),
        ("pages without a strict policy", seen.without_policy),
        ("failures", seen.failures),
    ):
        console.print(f"{title}: {len(lines)}")
        for line in lines[:40]:
            console.print(f"  {line}", markup=False, soft_wrap=True)
    return not (seen.violations or seen.without_policy or seen.failures)


def main(words: list[str]) -> int:
    """Run the program; returns its exit code."""
    options = arguments(words)
    return program.play(lambda console: run(options, console))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
