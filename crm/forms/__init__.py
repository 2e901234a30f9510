"""Forms of the staff pages of the CRM: they read what was typed; the rules are the operations'."""

from crm.forms.filters import BoardFilterForm, LeadFilterForm, TodayFilterForm
from crm.forms.leads import (
    ApplicationForm,
    AssignForm,
    LeadForm,
    MoveForm,
    NewLeadForm,
    NextActionForm,
    NoteForm,
)
from crm.forms.tasks import BulkForm, CompleteForm, ReassignForm, SnoozeForm, TaskForm

__all__ = [
    "ApplicationForm",
    "AssignForm",
    "BoardFilterForm",
    "BulkForm",
    "CompleteForm",
    "LeadFilterForm",
    "LeadForm",
    "MoveForm",
    "NewLeadForm",
    "NextActionForm",
    "NoteForm",
    "ReassignForm",
    "SnoozeForm",
    "TaskForm",
    "TodayFilterForm",
]
