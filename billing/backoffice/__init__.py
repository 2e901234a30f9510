"""What billing adds to the back office."""
