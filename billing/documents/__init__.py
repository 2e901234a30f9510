"""Invoices as files: paper and tables."""
