"""Invoices: drafts and their lines, finalization, payment, credit notes, customers' balances.

What makes invoices of its own, such as a subscription, calls ``drafts.new_invoice`` with its lines
and its parent, then ``finalizing.finalize`` and ``collecting.attempt``.
"""
