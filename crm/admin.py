"""Registers the pages of the CRM on the back office; Django looks for this module by name."""

from crm.backoffice import applications, leads, records, registers

__all__ = ["applications", "leads", "records", "registers"]
