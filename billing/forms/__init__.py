"""Forms of billing's pages: they read what was typed, the rules are the operations'."""
