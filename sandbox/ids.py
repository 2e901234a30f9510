"""Identifiers that look like Stripe's: a prefix and random letters and digits."""

import hashlib
import secrets
import string

ALPHABET = string.digits + string.ascii_letters
# One letter for each byte: not quite evenly spread, which no id here needs, and fast.
LETTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
LENGTHS = {"cs_test": 58, "whsec": 32, "req": 14, "acct": 16, "cus": 14, "prod": 14}


def new(prefix: str) -> str:
    """Return a new id: ``new("cus")`` gives ``cus_`` and 14 characters; 24 for most kinds."""
    length = LENGTHS.get(prefix, 24)
    return f"{prefix}_{secrets.token_bytes(length).translate(LETTERS).decode()}"


def account_of(secret_key: str) -> str:
    """Return the account id that belongs to a secret key: always the same for the same key."""
    number = int.from_bytes(hashlib.sha256(secret_key.encode()).digest())
    letters = []
    for _ in range(LENGTHS["acct"]):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "acct_" + "".join(letters)
