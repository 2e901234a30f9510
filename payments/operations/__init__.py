"""What can be done with payments: each operation is one function, safe to repeat."""
