"""Tests of compiling: what is owed, and runs."""
