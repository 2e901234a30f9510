"""The form by which a link is sent: it reads what was typed; the rules are the operation's."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings

from payments.operations.sharing import LONGEST_MESSAGE, MOST_ADDRESSES, Sharing, SharingInvalid

_NUMBERS = re.compile(r"[0-9]{1,4}([ ,;]+[0-9]{1,4})*")


class Days(forms.CharField):
    """Numbers of days: `3, 7`."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(required=False, max_length=100, widget=widget, **kwargs)

    def clean(self, value: Any) -> list[int]:
        """Return the numbers."""
        text = super().clean(value).strip(" ,;")
        if text and not _NUMBERS.fullmatch(text):
            raise forms.ValidationError("Give numbers of days with commas between, such as 3, 7.")
        return [int(number) for number in re.findall("[0-9]+", text)]


class ShareForm(forms.Form):
    """To whom, in which language, with which words, and when to remind."""

    emails = forms.CharField(
        label="E-mail addresses",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=f"One or several, with commas or on lines of their own; {MOST_ADDRESSES} at most."
        " Nobody sees the others.",
    )
    message = forms.CharField(
        label="A few words of yours",
        required=False,
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="They stand first; what is to be paid, and where, follows by itself.",
    )
    language = forms.ChoiceField(label="Language", choices=settings.LANGUAGES)
    days_after = Days(
        label="Remind after",
        help_text="Days from now, such as 3, 7. None: no reminder. Who has paid gets none.",
    )
    days_before = Days(label="Remind before the end", help_text="Days before it, such as 1.")

    def __init__(self, data: Any = None, *, has_end: bool) -> None:
        super().__init__(data)
        if not has_end:
            del self.fields["days_before"]

    def sharing(self) -> Sharing:
        """Return what `share_link` is asked for."""
        found = self.cleaned_data
        return Sharing(
            emails=[text for text in re.split(r"[\s,;]+", found["emails"]) if text],
            message=found["message"].replace("\r\n", "\n"),
            language=found["language"],
            days_after=found["days_after"],
            days_before=found.get("days_before", []),
        )

    def show_refusal(self, refusal: SharingInvalid) -> None:
        """Put what the operation refused at the fields."""
        for wrong in refusal.errors:
            name = wrong.field.partition("/")[0]
            self.add_error(name if name in self.fields else None, wrong.detail)
