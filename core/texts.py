"""The texts of public pages and their translations: found by Babel, kept in `locale/`.

Babel reads the sources and writes the catalogues, so that nothing here needs the gettext tools.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

APPS: Final = ("core", "payments", "subscriptions", "billing", "crm")
# Python aliases that the house uses beside the names Babel knows.
_KEYWORDS: Final = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}


def folder(language: str) -> Path:
    """Return where the catalogue of a language lies."""
    return Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES"


def found_in_sources() -> Catalog:
    """Return every text that templates and modules ask gettext for."""
    catalogue = Catalog()
    for path, source in _sources():
        for line, text, comments, context in extract(
            "python", BytesIO(source.encode()), _KEYWORDS, ["Translators:"]
        ):
            catalogue.add(text, locations=[(path, line)], context=context, user_comments=comments)
    return catalogue


def _sources() -> Iterator[tuple[str, str]]:
    base = Path(settings.BASE_DIR)
    for app in APPS:
        for module in sorted((base / app).rglob("*.py")):
            yield str(module.relative_to(base)), module.read_text()
    for template in sorted((base / "templates").rglob("*.html")):
        name = str(template.relative_to(base))
        yield name, templatize(template.read_text(), origin=name)
    for letter in sorted((base / "templates").rglob("*.txt")):
        name = str(letter.relative_to(base))
        yield name, templatize(letter.read_text(), origin=name)


def catalogue_of(language: str) -> Catalog:
    """Return the catalogue of a language as it is kept."""
    with (folder(language) / "django.po").open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """Return the catalogue of a language with all texts of the sources and no others."""
    kept = catalogue_of(language)
    kept.update(found_in_sources(), no_fuzzy_matching=True, keep_user_comments=False)
    kept.obsolete.clear()
    return _without_dates(kept)


def _without_dates(catalogue: Catalog) -> Catalog:
    """Give a head that is the same each time, so that only changed texts show in a diff."""
    catalogue.project, catalogue.version = "Taproom", "1"
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    catalogue.last_translator = catalogue.language_team = "Taproom"
    catalogue.msgid_bugs_address = ""
    catalogue.fuzzy = False
    return catalogue


def untranslated(catalogue: Catalog) -> list[Message]:
    """Return the texts that have no words in the catalogue's language, or doubtful ones."""
    return [one for one in catalogue if one.id and (one.fuzzy or not _is_whole(one))]


def _is_whole(message: Message) -> bool:
    forms = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(forms)


def as_po(catalogue: Catalog) -> bytes:
    """Return a catalogue as people edit it; lines of sources are left out, as they move."""
    out = BytesIO()
    write_po(out, catalogue, sort_output=True, no_location=True, omit_header=False, width=100)
    return out.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """Return a catalogue as Django reads it."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()
