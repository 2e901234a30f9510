"""The API of the CRM."""
