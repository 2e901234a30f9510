"""What is wrong with this installation, and how to mend it: one registry that all apps add to."""

from core.doctor.checks import Check, Finding, State, Visit, broken, fine, known, register, warning

__all__ = [
    "Check",
    "Finding",
    "State",
    "Visit",
    "broken",
    "fine",
    "known",
    "register",
    "warning",
]
