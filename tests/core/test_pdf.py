"""Paper: what is written stands on it, in any of our alphabets, and nothing else happens."""

from __future__ import annotations

import io

from pypdf import PdfReader

from core.pdf import Column, Paper


def text_of(data: bytes) -> list[str]:
    """The words of each page."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(data)).pages]


def written(name: str) -> bytes:
    paper = Paper(title="Bill", author="Amber Ales", footer=f"For {name}")
    paper.heading(name)
    paper.facts([("Name", name)])
    return paper.bytes()


def test_names_stand_as_they_are_written() -> None:
    name = "Zoë Żółtko, Ελένη, Юрий & Søren <b>"

    (page,) = text_of(written(name))

    assert page.count(name) == 3


def test_signs_that_no_font_holds_become_boxes() -> None:
    (page,) = text_of(written("Ann 😀\x00漢"))

    assert page.count("Ann □□□") == 3


def test_mark_up_in_a_name_means_nothing() -> None:
    (page,) = text_of(written('<img src="file:///etc/passwd"/>'))

    assert page.count('<img src="file:///etc/passwd"/>') == 3


def test_same_content_gives_the_same_bytes() -> None:
    assert written("Ann") == written("Ann")


def test_head_of_a_table_comes_again_on_each_page_and_pages_are_counted() -> None:
    paper = Paper(title="Bill", author="Amber Ales")
    columns = [Column("What", 3), Column("Amount due", 1, "right")]
    paper.table(columns, [[f"Line {n}", str(n)] for n in range(100)], totals=1)

    pages = text_of(paper.bytes())

    assert len(pages) == 3
    assert [page.count("Amount due") for page in pages] == [1] * 3
    assert [f"{n} / 3" in page for n, page in enumerate(pages, start=1)] == [True] * 3


def test_word_longer_than_the_page_is_broken() -> None:
    (page,) = text_of(written("x" * 400))

    assert page.replace(" ", "").count("x" * 400) == 2
