"""The control API under ``/_sandbox/``: JSON switches that Stripe does not have."""
