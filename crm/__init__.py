"""Leads and their applications, tasks and what is due today, the timeline, the application fee."""
