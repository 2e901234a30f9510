"""Benchmarks: `.venv/bin/python -m benchmarks`. Ratios in one run, not seconds, are what counts."""
