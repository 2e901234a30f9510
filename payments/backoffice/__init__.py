"""What payments adds to the back office: pages of its rows, worklists, search and timelines."""
