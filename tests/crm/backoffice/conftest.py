"""What tests of the CRM's admin share: the same people and leads as tests of its data."""

from tests.crm.data.conftest import colleague, log_in, new_lead, now, team

__all__ = ["colleague", "log_in", "new_lead", "now", "team"]
