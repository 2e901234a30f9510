"""The rows of core: whose they are, who works with them, and how programs get in."""

from core.models.api_key import ApiKey
from core.models.audit import AuditEntry
from core.models.base import EditableRow, TenantRow
from core.models.entry import Entry
from core.models.letter import Letter
from core.models.stored_answer import StoredAnswer
from core.models.team import Team, TeamMembership
from core.models.tenant import Tenant
from core.models.user import User
from core.models.webhook import WebhookDelivery, WebhookEndpoint, WebhookMessage

__all__ = [
    "ApiKey",
    "AuditEntry",
    "EditableRow",
    "Entry",
    "Letter",
    "StoredAnswer",
    "Team",
    "TeamMembership",
    "Tenant",
    "TenantRow",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
]
