"""The rows of the CRM."""

from crm.models.application import Application
from crm.models.duplicate import NotDuplicate
from crm.models.fee import PaymentRequest
from crm.models.lead import Lead, LeadTeam
from crm.models.lead_import import LeadImport
from crm.models.reminder import CalendarFeed, Reminder
from crm.models.stage import ApplicationStage, LeadStage, Stage
from crm.models.task import Task
from crm.models.timeline import TimelineEntry

__all__ = [
    "Application",
    "ApplicationStage",
    "CalendarFeed",
    "Lead",
    "LeadImport",
    "LeadStage",
    "LeadTeam",
    "NotDuplicate",
    "PaymentRequest",
    "Reminder",
    "Stage",
    "Task",
    "TimelineEntry",
]
