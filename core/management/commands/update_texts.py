"""Bring the translations of public pages up to what the sources ask for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import texts
from core.languages import ENGLISH


class Command(BaseCommand):
    """Write `locale/*/LC_MESSAGES/django.po` and `.mo` from the sources; safe to repeat."""

    help = "Adds new texts to locale/*/django.po, drops old ones, compiles; tells what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write both files of each language; fails when a text has no translation."""
        missing = 0
        for language in dict(settings.LANGUAGES):
            if language == ENGLISH:
                continue
            catalogue = texts.updated(language)
            (texts.folder(language) / "django.po").write_bytes(texts.as_po(catalogue))
            (texts.folder(language) / "django.mo").write_bytes(texts.as_mo(catalogue))
            for message in texts.untranslated(catalogue):
                missing += 1
                self.stdout.write(f"{language}: {message.id!r}")
        if missing:
            raise CommandError(f"{missing} texts have no translation: add them to the .po files.")
        self.stdout.write("Every text has a translation.")
