"""Open a dump: plain or gzip, in the character set that it declares."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_GZIP = b"\x1f\x8b"
_HEAD = 64 * 1024
_CHUNK = 256 * 1024
_SET_NAMES = re.compile(rb"SET\s+NAMES\s+['\"]?(\w+)", re.IGNORECASE)
# MySQL's latin1 is Windows-1252, not ISO 8859-1 (MySQL manual, West European Character Sets).
_PYTHON_NAMES = {
    b"utf8": "utf-8",
    b"utf8mb3": "utf-8",
    b"utf8mb4": "utf-8",
    b"ascii": "ascii",
    b"latin1": "cp1252",
    b"latin2": "iso8859-2",
    b"cp1250": "cp1250",
    b"cp1251": "cp1251",
    b"binary": "utf-8",
}
# Some programs write a byte order mark though the text is UTF-8.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class DumpUnreadable(Exception):
    """The file is no dump that can be read whole; the message says why and what to do."""


@dataclass(slots=True)
class OpenDump:
    """A dump as decoded text in chunks; `bytes_read` of `size` show how far it is."""

    raw: BinaryIO
    text: Iterator[str]
    size: int
    encoding: str

    @property
    def bytes_read(self) -> int:
        """How much of the file, as it lies on the disk, was read."""
        return self.raw.tell()


@contextmanager
def open_dump(path: Path, *, encoding: str | None = None) -> Iterator[OpenDump]:
    """Open a dump for `read_dump`; `encoding` overrides what the dump declares.

    Raises DumpUnreadable for a file that is missing, empty or in an unknown character set.
    """
    try:
        size = path.stat().st_size
        raw = path.open("rb")
    except OSError as error:
        raise DumpUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    with raw:
        yield _opened(raw, path, size, encoding)


def _opened(raw: BinaryIO, path: Path, size: int, encoding: str | None) -> OpenDump:
    if path.is_dir():
        raise DumpUnreadable(f"{path} is a folder, not a dump.")
    if size == 0:
        raise DumpUnreadable(f"{path.name} is empty: nothing was imported.")
    is_gzip = raw.read(2) == _GZIP
    raw.seek(0)
    stream: BinaryIO = gzip.GzipFile(fileobj=raw) if is_gzip else raw  # type: ignore[assignment]
    head = _read(stream, _HEAD, path.name)
    if not head.strip(b"\x00\xef\xbb\xbf \r\n\t"):
        raise DumpUnreadable(f"{path.name} holds nothing but blanks: nothing was imported.")
    known = encoding or _declared(head)
    text = _decoded(stream, head, known, path.name)
    return OpenDump(raw=raw, text=text, size=size, encoding=known)


def _declared(head: bytes) -> str:
    marked = [name for mark, name in _MARKS.items() if head.startswith(mark)]
    if marked:
        return marked[0]
    found = _SET_NAMES.search(head)
    if found is None:
        return "utf-8"
    name = _PYTHON_NAMES.get(found[1].lower())
    if name is None:
        declared = found[1].decode("ascii", "replace")
        raise DumpUnreadable(
            f"The dump declares the character set {declared}, which is not known here. Name the "
            "one it is in with --encoding."
        )
    return name


def _read(stream: BinaryIO, size: int, name: str) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DumpUnreadable(
            f"{name} is cut off or damaged: its gzip data ends too early or does not fit. Nothing "
            "was imported; copy the file again."
        ) from error


def _decoded(stream: BinaryIO, head: bytes, encoding: str, name: str) -> Iterator[str]:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise DumpUnreadable(f"{encoding!r} is no character set.") from error
    chunk, position = head, 0
    while chunk:
        yield _decode(decoder, chunk, position, encoding, name)
        position += len(chunk)
        chunk = _read(stream, _CHUNK, name)
    yield _decode(decoder, b"", position, encoding, name, final=True)


def _decode(
    decoder: codecs.IncrementalDecoder,
    chunk: bytes,
    position: int,
    encoding: str,
    name: str,
    *,
    final: bool = False,
) -> str:
    try:
        text = decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        if final:
            raise DumpUnreadable(
                f"{name} is cut off: it ends within a letter. Nothing was imported; make or copy "
                "it again."
            ) from error
        raise DumpUnreadable(
            f"{name} is not in {encoding}, as it should be: see byte {position + error.start}. "
            "Nothing was imported. If it is in another character set, name it: --encoding latin1."
        ) from error
    if "\x00" in text:
        raise DumpUnreadable(f"{name} is no dump: it is a file of bytes, not of text.")
    return text


def as_text(text: str) -> Iterator[str]:
    """Yield a text as `read_dump` wants it."""
    yield from io.StringIO(text)
