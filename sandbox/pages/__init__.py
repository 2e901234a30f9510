"""The pages that people look at: Checkout, 3-D Secure, receipts and the dashboard."""
