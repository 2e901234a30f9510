"""POST to an address that somebody else chose, without letting it reach into our own network.

A name is resolved once, every address it has is judged, and the connection is made to the judged
address: a name that answers differently the next time (DNS rebinding) gains nothing. Redirects are
not followed and proxies of the environment are not used, since both would lead elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

SECONDS = 10.0
_EXCERPT_BYTES = 2000
# Addresses of other networks' inside that carry an IPv4 address in them (RFC 6052, RFC 3056).
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))
_PLAIN_URL = re.compile(r"[!-~]+")


class AddressRefused(Exception):
    """Nothing is sent to an address: the text says why, for whoever typed it."""


class NoAnswer(Exception):
    """Nobody answered in time, or not in HTTP; the text says what happened."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status and the beginning of the body as text."""

    status: int
    excerpt: str


def check_url(url: str) -> SplitResult:
    """Return the parts of an address that may be called, by its text alone.

    Raises AddressRefused: not https (http is allowed to loopback where the settings allow that),
    credentials in it, no host, a port out of range, or an address of an inner network.
    """
    if not _PLAIN_URL.fullmatch(url):
        raise AddressRefused("Give an address in plain ASCII, without spaces.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("This is not an address such as https://example.com/hooks.") from None
    if not host or parts.scheme not in ("https", "http") or port == 0:
        raise AddressRefused("Give an address such as https://example.com/hooks.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("An address with a user name or password in it is not called.")
    if parts.scheme == "http" and not settings.WEBHOOKS_TO_LOOPBACK:
        raise AddressRefused("Only https is called: events would travel in clear.")
    literal = _literal(host)
    if literal is not None:
        _refuse_inner(literal)
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS) -> Answer:
    """POST `body` and return the answer, whatever its status; a redirect is an answer too.

    It takes `seconds` at most after the name was found, however slowly the other side speaks.
    Raises AddressRefused, NoAnswer.
    """
    parts = check_url(url)
    try:
        place = _judged_address(parts)
        with socket.create_connection(place, timeout=seconds) as plain:
            return _exchange(plain, parts, body, headers, seconds)
    except (HTTPException, OSError, ValueError) as error:
        raise NoAnswer(_in_words(error, seconds)) from error


def _exchange(
    plain: socket.socket,
    parts: SplitResult,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float,
) -> Answer:
    # A time-out of the socket begins anew with each byte; the alarm does not. It holds the
    # connection by a descriptor of its own, since TLS takes the other one over.
    handle, is_late = plain.dup(), threading.Event()
    alarm = threading.Timer(seconds, _hang_up, [handle, is_late])
    alarm.daemon = True
    alarm.start()
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.sock = _secured(plain, parts)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = {"Host": parts.netloc, "Connection": "close"}
        connection.request("POST", path, body, {**host, **headers})
        response = connection.getresponse()
        text = response.read(_EXCERPT_BYTES).decode("utf-8", errors="replace")
    except (HTTPException, OSError):
        if is_late.is_set():
            raise TimeoutError from None
        raise
    finally:
        alarm.cancel()
        connection.close()
        handle.close()
    if is_late.is_set():  # what was cut off reads like an answer that ended
        raise TimeoutError
    return Answer(response.status, "".join(c if c.isprintable() else " " for c in text))


def _secured(plain: socket.socket, parts: SplitResult) -> socket.socket:
    if parts.scheme == "http":
        return plain
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=parts.hostname)


def _hang_up(plain: socket.socket, is_late: threading.Event) -> None:
    is_late.set()
    try:
        plain.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was over already


def _judged_address(parts: SplitResult) -> tuple[str, int]:
    """Resolve the host and return the address to connect to; one bad address refuses them all."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        _refuse_inner(ipaddress.ip_address(address.partition("%")[0]))
    return addresses[0], port


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _refuse_inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped.is_loopback and settings.WEBHOOKS_TO_LOOPBACK:
        return
    is_translated = any(mapped in network for network in _TRANSLATED)
    if is_translated or mapped.is_multicast or not mapped.is_global:
        raise AddressRefused(
            f"{address} is not an address of the public internet; nothing is sent there."
        )


def _in_words(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"No answer within {seconds:g} seconds."
    if isinstance(error, socket.gaierror):
        return "The host's name was not found."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate was refused: {error.verify_message}."
    if isinstance(error, ConnectionRefusedError):
        return "The connection was refused: nobody listens there."
    return f"No usable answer ({type(error).__name__})."
