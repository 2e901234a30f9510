"""What clubs add to the back office: pages of their rows, worklists, search and timelines."""
