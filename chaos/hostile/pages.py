"""Questions to the pages: every address that there is, with odd queries and odd forms."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import requests

from chaos.hostile import values
from chaos.hostile.asking import Question

PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")
CSRF = "c" * 32
EACH = 3  # addresses of a kind that are remembered
# These end the session of who asks; they are asked without one.
WITHOUT_SESSION = ("accounts/logout/", "admin/logout/")
FORM = "application/x-www-form-urlencoded"


@dataclass
class Page:
    """One kind of address: what it looks like, addresses of it that are there, its fields."""

    route: str
    addresses: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Finds where a page leads, and what its forms are made of."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, bool, dict[str, str]]] = []
        self._base, self._form = base, ("", False, {"": ""})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep links, forms and fields."""
        found = {name: value or "" for name, value in attrs}
        for name in ("href", "src", "hx-get", "hx-post", "formaction"):
            if found.get(name):
                self.links.append(urljoin(self._base, found[name]))
        if tag == "form":
            place = urljoin(self._base, found.get("action") or self._base)
            self._form = (place, found.get("method", "").lower() == "post", {})
            self.forms.append(self._form)
        elif tag in {"input", "select", "textarea", "button"} and found.get("name"):
            self._form[2][found["name"]] = found.get("value", "")


def routes() -> Iterator[str]:
    """Yield the route of each address that Taproom serves, but for the API's."""
    from django.urls import URLResolver, get_resolver

    def walk(resolver: URLResolver, start: str) -> Iterator[str]:
        for one in resolver.url_patterns:
            text = start + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one, text)
            elif not text.startswith("api/"):
                yield text

    yield from dict.fromkeys(walk(get_resolver(), ""))


def route_of(path: str) -> str:
    """Return the route that serves a path, or nothing."""
    from django.urls import Resolver404, resolve

    try:
        return str(resolve(path).route)
    except Resolver404:
        return ""


class Map:
    """All kinds of pages, and what walking through them has found."""

    def __init__(self, web: str, *, each: int = EACH) -> None:
        self.web, self._each = web, each
        self.pages = {route: Page(route) for route in routes()}

    def walk(self, cookies: Mapping[str, str], starts: Sequence[str] = ("/",)) -> None:
        """Open pages, follow where they lead, and remember some of each kind."""
        http, seen, coming = requests.Session(), set[str](), [self.web + one for one in starts]
        coming += [
            self.web + "/" + route for route in self.pages if "<" not in route and "^" not in route
        ]
        while coming:
            url = coming.pop(0).partition("#")[0]
            page = self._page_of(url)
            place = urlsplit(url).path
            if page is None or url in seen or page.route in WITHOUT_SESSION:
                continue
            seen.add(url)
            page.names.update(name for name, _ in parse_qsl(urlsplit(url).query))
            if place in page.addresses or len(page.addresses) >= self._each:
                continue
            answer = http.get(url, cookies=dict(cookies), timeout=60)
            if answer.status_code == 405 or answer.status_code < 400:
                page.addresses.append(place)
            if "html" in answer.headers.get("Content-Type", ""):
                coming += self._read(answer.url, answer.text)

    def _read(self, url: str, text: str) -> list[str]:
        reader = _Reader(url)
        reader.feed(text)
        for place, is_post, fields in reader.forms:
            page = self._page_of(place)
            if page is None:
                continue
            if is_post:
                page.fields.update(fields)
            else:
                page.names.update(fields)
            path = urlsplit(place).path
            if path not in page.addresses and len(page.addresses) < self._each:
                page.addresses.append(path)
        return reader.links + [place for place, is_post, _ in reader.forms if not is_post]

    def _page_of(self, url: str) -> Page | None:
        return self.pages.get(route_of(urlsplit(url).path)) if url.startswith(self.web) else None


class People:
    """Who asks: an admin, a counselor and somebody without a login."""

    def __init__(self, web: str, logins: Sequence[tuple[str, str]]) -> None:
        self._web, self._logins = web, logins
        self._lock = threading.Lock()
        self.cookies: list[dict[str, str]] = []

    def sign_in(self) -> None:
        """Sign everybody in anew."""
        with self._lock:
            self.cookies = [*(self._session(*one) for one in self._logins), {}]

    def _session(self, name: str, password: str) -> dict[str, str]:
        http, url = requests.Session(), f"{self._web}/accounts/login/"
        http.cookies.set("csrftoken", CSRF)
        form = {"csrfmiddlewaretoken": CSRF, "login": name, "password": password}
        answer = http.post(
            url, data=form, headers={"Referer": url}, timeout=60, allow_redirects=False
        )
        found = http.cookies.get_dict().get("sessionid", "")
        if not found:
            raise RuntimeError(f"{name} could not sign in: {answer.status_code}")
        return {"sessionid": found}


class Questions:
    """Makes question number N of a seed, the same one each time."""

    def __init__(
        self,
        pages: Map,
        people: People,
        *,
        known: Sequence[str],
        neighbours: Sequence[str],
        seed: int,
    ) -> None:
        self._pages = list(pages.pages.values())
        self._people, self._known, self._neighbours, self._seed = people, known, neighbours, seed

    def question(self, number: int) -> Question:
        """Return a question: each kind of page has its turn."""
        dice = Random(f"{self._seed}:page:{number}")
        page = self._pages[number % len(self._pages)]
        maker = values.Maker(dice, self._known, self._neighbours, lambda _: {})
        method = dice.choices(("GET", "POST", dice.choice(values.METHODS)), (45, 50, 5))[0]
        headers = self._headers(page, maker)
        target = _address(page, maker) + _query(page, maker)
        body = _form(page, maker, headers) if method not in {"GET", "HEAD"} else None
        return Question(number, f"{method} /{page.route}", method, target, headers, body)

    def _headers(self, page: Page, maker: values.Maker) -> dict[str, str]:
        dice = maker.dice
        headers = {"X-CSRFToken": CSRF}
        who = dice.choices(self._people.cookies, (6, 2, 1))[0]
        if page.route in WITHOUT_SESSION:
            who = {}
        pairs = {**who, "csrftoken": CSRF}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in pairs.items())
        headers["X-Forwarded-For"] = f"198.51.{dice.randrange(250)}.{dice.randrange(250)}"
        if dice.random() < 0.15:
            headers[dice.choice(values.HEADERS)] = dice.choice(values.HEADER_VALUES)
        return headers


def _address(page: Page, maker: values.Maker) -> str:
    dice = maker.dice
    if page.addresses and dice.random() < 0.75:
        return dice.choice(page.addresses)

    def fill(found: re.Match[str]) -> str:
        if found[1] == "int":
            return dice.choice(("0", "1", "1001", str(2**31), str(2**63), "9" * 4999))
        if found[1] == "uuid" or dice.random() < 0.5:
            return maker.some_id()
        raw = maker.text().encode("utf-8", "surrogatepass")[:800]
        return quote(raw, safe="") or "x"

    plain = page.route.replace("^", "").replace("$", "").replace("\\", "")
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", plain)
    return "/" + PLACE.sub(fill, plain)


def _query(page: Page, maker: values.Maker) -> str:
    dice = maker.dice
    if dice.random() < 0.35:
        return ""
    names = [*sorted(page.names), "q", "page", "p", "cursor", "next", "_popup", "o", "e", "all"]
    pairs = [(dice.choice(names), _value(maker)) for _ in range(dice.choice((1, 1, 2, 4)))]
    return "?" + _urlencoded(pairs)


def _value(maker: values.Maker) -> str:
    chance = maker.dice.random()
    if chance < 0.2:
        return maker.some_id()
    if chance < 0.35:
        return str(
            maker.dice.choice(("1", "2026-01-01", "on", "EUR", "10", "12.50", "all", "paid"))
        )
    return maker.text()


def _urlencoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(
        [(one.encode("utf-8", "surrogatepass")[:200], two.encode("utf-8", "surrogatepass")[:5000])
         for one, two in pairs]
    )  # fmt: skip


def _form(page: Page, maker: values.Maker, headers: dict[str, str]) -> bytes:
    dice = maker.dice
    headers["Content-Type"] = FORM
    if dice.random() < 0.08:
        headers["Content-Type"] = dice.choice(values.TYPES)
        return dice.choice(values.BODIES)
    fields = {name: value for name, value in page.fields.items() if name != "csrfmiddlewaretoken"}
    names = sorted(fields) or ["note", "reason", "amount", "state", "next"]
    for name in dice.sample(names, min(len(names), dice.choice((1, 1, 2, 5)))):
        fields[name] = _value(maker)
    pairs = list(fields.items())
    if dice.random() < 0.1:
        pairs.append((dice.choice(names), _value(maker)))
    if dice.random() < 0.12:
        headers["Content-Type"] = "multipart/form-data; boundary=x"
        return b"".join(_part(name, value, dice) for name, value in pairs) + b"--x--\r\n"
    return _urlencoded(pairs).encode()


def _part(name: str, value: str, dice: Random) -> bytes:
    odd = '; filename="a\0\u202e.csv"' if dice.random() < 0.5 else ""
    head = f'--x\r\nContent-Disposition: form-data; name="{name[:80]}"{odd}\r\n\r\n'
    return (head + value).encode("utf-8", "surrogatepass")[:9000] + b"\r\n"
