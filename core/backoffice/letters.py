"""Admin page of e-mails, and the worklist of those that could not be sent."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from core.backoffice.admin import ReadOnlyAdmin, badge
from core.backoffice.worklists import Worklist, register_worklist
from core.models import Letter, User
from core.operations.letters import LetterSent, close_letter, send_letter_again

_BADGES = {"sent": "good", "given_up": "failed"}


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    """What was written to whom, and what became of it."""

    counselor_may: ClassVar[frozenset[str]] = frozenset()
    list_display = ("created_at", "kind", "shown_to", "shown_title", "shown_state", "attempts")
    list_filter = ("state", "kind", "language")
    fields = (
        "kind", "shown_to", "shown_title", "shown_text", "language", "shown_state", "attempts",
        "last_error", "next_at", "sent_at", "sent_by", "created_at",
    )  # fmt: skip
    actions = ("send_again", "close")

    @admin.display(description="To")
    def shown_to(self, letter: Letter) -> str:
        """Show the address, while it is kept."""
        return letter.to or "thrown away: its time is over"

    @admin.display(description="Subject")
    def shown_title(self, letter: Letter) -> str:
        """Show the subject line."""
        return letter.title

    @admin.display(description="Text")
    def shown_text(self, letter: Letter) -> str:
        """Show what it says."""
        return letter.text

    @admin.display(description="State", ordering="state")
    def shown_state(self, letter: Letter) -> SafeString:
        """Show the state as a badge."""
        return badge(_BADGES.get(letter.state, "wait"), letter.get_state_display())

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may act on rows."""
        return self.may(request, "view")

    @admin.action(description="Try to send again", permissions=["act"])
    def send_again(self, request: HttpRequest, rows: QuerySet[Letter]) -> None:
        """Try the chosen letters again from the first try on."""
        for letter in rows[:200]:
            try:
                send_letter_again(letter_id=letter.pk, now=timezone.now())
            except LetterSent as error:
                self.message_user(request, f"{letter}: {error}", messages.WARNING)
            else:
                self.log_change(request, letter, "Had it sent again.")
                self.message_user(request, f"{letter.to}: on its way again.")

    @admin.action(description="Close: nothing more is to be done", permissions=["act"])
    def close(self, request: HttpRequest, rows: QuerySet[Letter]) -> None:
        """Take the chosen letters off the worklist."""
        for letter in rows[:200]:
            try:
                close_letter(letter_id=letter.pk)
            except LetterSent as error:
                self.message_user(request, f"{letter}: {error}", messages.WARNING)
            else:
                self.log_change(request, letter, "Closed it by hand.")


def count_given_up(now: datetime) -> int:
    """Count the letters that could not be sent."""
    return Letter.objects.filter(state=Letter.State.GIVEN_UP).count()


register_worklist(
    Worklist(
        name="letters_not_sent",
        title="E-mails that could not be sent",
        count=count_given_up,
        url=lambda: f"{reverse('admin:core_letter_changelist')}?state__exact=given_up",
        why="The mail server refused them for good, or for days: mend the address, try again or"
        " close them.",
        order=60,
        roles=frozenset({User.Role.ADMIN.value}),
    )
)
