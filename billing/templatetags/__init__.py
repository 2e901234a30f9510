"""What templates of billing show."""
