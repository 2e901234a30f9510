"""Subscriptions: what they bill, when they renew, and how they end.

Source: Stripe docs, "How subscriptions work", "Subscription invoices" and "Billing cycles".
"""
