"""The back office: the admin site, its first page, search and timelines, and what apps add."""
