"""Print rows of text as a PDF: one plain face, no library.

Source of the format: ISO 32000-1, sections 7.5 (file structure) and 9 (text).
"""

import textwrap

from werkzeug.wrappers import Response

Row = tuple[str, str]
WARNING = "Sandbox, not Stripe. No money moves here: this is no real invoice."
WIDTH, HEIGHT, MARGIN, LEADING, SIZE = 595, 842, 56, 16, 10
COLUMNS = 66
ROWS_A_PAGE = (HEIGHT - 2 * MARGIN) // LEADING - 2
# Courier's letters are all 600 thousandths of the size wide, so that amounts align at the right.
LETTER = SIZE * 0.6


def _escaped(text: str) -> bytes:
    """Return text as a PDF string; letters that the standard fonts lack become question marks."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    raw = plain.encode("cp1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _wrapped(rows: list[Row]) -> list[Row]:
    """Break long text over rows; the amount stands in the last one."""
    found: list[Row] = []
    for text, amount in rows:
        parts = textwrap.wrap(text, COLUMNS) or [""]
        found += [(part, "") for part in parts[:-1]]
        found.append((parts[-1], amount))
    return found


def _text(x: float, y: float, text: str) -> bytes:
    return b"BT /F1 %d Tf %.1f %.1f Td (%s) Tj ET\n" % (SIZE, x, y, _escaped(text))


def _content(rows: list[Row]) -> bytes:
    top = HEIGHT - MARGIN
    parts = [_text(MARGIN, top, WARNING)]
    for number, (text, amount) in enumerate(rows, start=2):
        y = top - number * LEADING
        parts.append(_text(MARGIN, y, text))
        if amount:
            shown = amount[:40]
            parts.append(_text(WIDTH - MARGIN - LETTER * len(shown), y, shown))
    return b"".join(parts)


def render(rows: list[Row]) -> bytes:
    """Return rows of (text, amount at the right) as a PDF, on as many pages as they need."""
    wrapped = _wrapped(rows)
    pages = [wrapped[i : i + ROWS_A_PAGE] for i in range(0, len(wrapped), ROWS_A_PAGE)] or [[]]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * index) for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for index, page in enumerate(pages):
        content = _content(page)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (WIDTH, HEIGHT, 5 + 2 * index)
        )
        objects.append(b"<< /Length %d >>\nstream\n%sendstream" % (len(content), content))
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    """Return numbered objects as a file with its table of positions."""
    out = bytearray(b"%PDF-1.4\n")
    positions = []
    for number, body in enumerate(objects, start=1):
        positions.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % position for position in positions)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def answer(name: str, rows: list[Row]) -> Response:
    """Answer with a PDF of this file name."""
    response = Response(render(rows), mimetype="application/pdf")
    plain = "".join(
        letter if letter.isascii() and letter.isalnum() else "-" for letter in name[:-4]
    )
    response.headers["Content-Disposition"] = f'inline; filename="{plain}.pdf"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
