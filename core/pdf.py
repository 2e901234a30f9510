"""PDF files: paper with a title, facts, tables and page numbers, the same bytes each time.

The fonts lie beside this module and are embedded in part, so that names with accents, in Greek and
in Cyrillic look right everywhere; a sign that they do not hold is shown as an empty box.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

FONTS: Final = Path(__file__).parent / "fonts"
REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MARGIN: Final = 18 * mm
# What reportlab leaves free on each side of the frame that text stands in.
PADDING: Final = 6
WIDTH: Final = A4[0] - 2 * (MARGIN + PADDING)
INK, MUTED, LINE = (
    colors.HexColor("#221e19"),
    colors.HexColor("#5f584e"),
    colors.HexColor("#c9c1b4"),
)
# Shown for what the fonts do not hold, such as emoji.
BOX: Final = "\N{WHITE SQUARE}"

Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, its part of the width, and on which side it stands."""

    title: str
    part: float
    align: Align = "left"


class Paper:
    """A document that is written from the top down; `bytes()` makes the file.

    `footer` stands on each page, beside its number. The same content gives the same bytes.
    """

    def __init__(self, *, title: str, author: str, footer: str = "", language: str = "en") -> None:
        self._title, self._author, self._language = title, author, language
        self._footer = plain(footer)
        self._parts: list[Any] = []

    def heading(self, text: str, *, level: int = 1) -> None:
        """Add a heading; level 1 is the document's own."""
        self._parts.append(Paragraph(marked(text), style("h1" if level == 1 else "h2")))

    def text(self, text: str, *, kind: Literal["body", "small", "bold"] = "body") -> None:
        """Add a paragraph; line breaks stay."""
        self._parts.append(Paragraph(marked(text), style(kind)))

    def space(self, millimetres: float = 4) -> None:
        """Leave room."""
        self._parts.append(Spacer(0, millimetres * mm))

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add names with what they are, one below the other."""
        rows = [
            [Paragraph(marked(name), style("small")), Paragraph(marked(value), style("body"))]
            for name, value in pairs
        ]
        if rows:
            plain_rows = TableStyle([*_TIGHT, ("VALIGN", (0, 0), (-1, -1), "TOP")])
            self._parts.append(LongTable(rows, colWidths=[WIDTH * 0.26, WIDTH * 0.74],
                                         style=plain_rows, hAlign="LEFT"))  # fmt: skip

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[str]],
        *,
        groups: Iterable[int] = (),
        totals: int = 0,
    ) -> None:
        """Add a table whose head comes again on each page.

        `groups` are the numbers of rows that head a group; the last `totals` rows are sums.
        """
        body = list(rows)
        strong = {*groups, *range(len(body) - totals, len(body))}
        cells = [_cells(columns, [one.title for one in columns], kind="small")]
        cells += [
            _cells(columns, row, kind="bold" if number in strong else "body")
            for number, row in enumerate(body)
        ]
        whole = sum(one.part for one in columns)
        widths = [WIDTH * one.part / whole for one in columns]
        rules = [*_RULED, *(("LINEABOVE", (0, -totals), (-1, -totals), 1, INK),) * bool(totals)]
        self._parts.append(
            LongTable(cells, colWidths=widths, repeatRows=1, style=TableStyle(rules), hAlign="LEFT")
        )

    def bytes(self) -> bytes:
        """Return the file."""
        out = io.BytesIO()
        sheet = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN,
            bottomMargin=MARGIN + 6 * mm,
            title=self._title,
            author=self._author,
            lang=self._language,
            invariant=1,
        )
        footer = self._footer
        sheet.build(self._parts, canvasmaker=lambda *a, **k: _Numbered(*a, footer=footer, **k))
        return out.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
    """A canvas that knows how many pages there are before it writes their feet."""

    def __init__(self, *args: Any, footer: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for page in self._pages:
            self.__dict__.update(page)
            self._foot()
            super().showPage()
        super().save()

    def _foot(self) -> None:
        self.setFont(REGULAR, 7)
        self.setFillColor(MUTED)
        self.drawString(MARGIN + PADDING, MARGIN, self._footer[:150])
        self.drawRightString(
            A4[0] - MARGIN - PADDING, MARGIN, f"{self._pageNumber} / {len(self._pages)}"
        )


def plain(text: str) -> str:
    """Return a text that the fonts can show; other signs become boxes."""
    known = _signs()
    return "".join(s if ord(s) in known or s == "\n" else " " if s.isspace() else BOX for s in text)


def marked(text: str) -> str:
    """Return a text as reportlab's own mark-up, which holds nothing of the text's."""
    return escape(plain(text)).replace("\n", "<br/>")


@cache
def _signs() -> frozenset[int]:
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR,
                                  boldItalic=BOLD)  # fmt: skip
    return frozenset(pdfmetrics.getFont(BOLD).face.charToGlyph) & frozenset(
        pdfmetrics.getFont(REGULAR).face.charToGlyph
    )


@cache
def style(kind: str, align: Align = "left") -> ParagraphStyle:
    """Return one of the few ways in which text is set."""
    size, font, color, after = {
        "h1": (20, BOLD, INK, 8),
        "h2": (12, BOLD, INK, 5),
        "body": (9, REGULAR, INK, 2),
        "bold": (9, BOLD, INK, 2),
        "small": (7.5, REGULAR, MUTED, 2),
    }[kind]
    return ParagraphStyle(
        f"{kind}-{align}",
        fontName=font,
        fontSize=size,
        leading=size * 1.4,
        textColor=color,
        spaceAfter=after,
        alignment=TA_RIGHT if align == "right" else TA_LEFT,
        # A word longer than its line, such as an address or a hash, is broken.
        splitLongWords=1,
    )


def _cells(columns: Sequence[Column], row: Sequence[str], *, kind: str) -> list[Paragraph]:
    return [
        Paragraph(marked(text), style(kind, column.align))
        for column, text in zip(columns, row, strict=True)
    ]


_TIGHT: Final = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
]
_RULED: Final = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
    ("LINEBELOW", (0, 1), (-1, -1), 0.3, LINE),
]
