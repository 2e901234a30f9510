"""Take in a dump: every row, with every rule that touched it told."""
