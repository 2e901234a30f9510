"""The CRM in the back office."""
