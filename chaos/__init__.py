"""Break each part of a running Taproom in turn, and count what became of the money.

Everything runs in places of its own below `var/chaos`, beside a demo that may be running. What an
earlier run left there stays: each run counts its own customers and invoices.
"""
