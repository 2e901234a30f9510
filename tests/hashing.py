"""Quick passwords."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """The usual algorithm with one round; servers under test can read what it wrote."""

    iterations = 1
