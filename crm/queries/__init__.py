"""Reads that several ways in share."""
