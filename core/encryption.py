"""Fields that are encrypted at rest with keys that can be rotated (MultiFernet).

A stolen database dump holds no secret key and no payer's details. `manage.py rotate_encryption`
writes all values again with the newest key.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac


class CannotDecrypt(Exception):
    """No key of FIELD_ENCRYPTION_KEYS opens a stored value."""


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    """Return the cipher of the current keys: the first writes, all read."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


def email_key(email: str) -> str:
    """Return the keyed hash by which an encrypted e-mail address is found; empty for none.

    Letter case and spaces around make no difference. Tables keep it in a column with an index.
    """
    plain = email.strip().lower()
    return salted_hmac("core.email", plain, algorithm="sha256").hexdigest()[:32] if plain else ""


if TYPE_CHECKING:
    AnyTextField = models.TextField[Any, Any]
else:
    AnyTextField = models.TextField  # generic in its stubs only


class EncryptedTextField(AnyTextField):
    """Text that lies encrypted in the database; it cannot be searched."""

    def get_prep_value(self, value: Any) -> str | None:
        """Encrypt on the way in."""
        if value is None:
            return None
        return cipher().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """Decrypt on the way out; raises CannotDecrypt when no key fits."""
        if value is None:
            return None
        try:
            return cipher().decrypt(value.encode()).decode()
        except InvalidToken:
            raise CannotDecrypt(
                f"{self.model._meta.label}.{self.name}: no key of FIELD_ENCRYPTION_KEYS opens it. "
                "Put the key that wrote it back into the list."
            ) from None


class EncryptedJSONField(EncryptedTextField):
    """A JSON value that lies encrypted in the database."""

    def get_prep_value(self, value: Any) -> str | None:
        """Encrypt the value's JSON."""
        return None if value is None else super().get_prep_value(json.dumps(value))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """Return the value as it was given."""
        text = super().from_db_value(value, expression, connection)
        return None if text is None else json.loads(text)

    def value_to_string(self, obj: models.Model) -> str:
        """Return the JSON text for serializers."""
        return json.dumps(self.value_from_object(obj))
