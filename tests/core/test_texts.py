"""Every text of a public page has its words in every language."""

from __future__ import annotations

import re

from babel.messages.catalog import Message

from core import texts

PLACES = re.compile(r"%\(\w+\)s|</?\w+|datetime=")


def _forms(words: object) -> list[str]:
    return [words] if isinstance(words, str) else list(words)  # type: ignore[call-overload]


def _places(message: Message) -> tuple[set[str], set[str]]:
    return (
        set(PLACES.findall(" ".join(_forms(message.id)))),
        set(PLACES.findall(" ".join(_forms(message.string)))),
    )


def test_every_text_of_the_sources_is_translated() -> None:
    kept = texts.catalogue_of("nl")

    asked = {(one.context, str(one.id)) for one in texts.found_in_sources() if one.id}

    assert asked == {(one.context, str(one.id)) for one in kept if one.id}
    assert texts.untranslated(kept) == []


def test_translations_keep_names_and_markup() -> None:
    kept = [one for one in texts.catalogue_of("nl") if one.id]

    wrong = [one.id for one in kept if len(set(map(frozenset, _places(one)))) > 1]

    assert wrong == []


def test_kept_files_are_what_the_sources_make() -> None:
    catalogue = texts.updated("nl")

    assert (texts.folder("nl") / "django.po").read_bytes() == texts.as_po(catalogue)
    assert (texts.folder("nl") / "django.mo").read_bytes() == texts.as_mo(catalogue)


def test_text_of_a_template_and_of_a_module_are_both_found() -> None:
    found = {one.id for one in texts.found_in_sources()}

    assert {"Continue to payment", "The card has expired. Try another card."} <= found
