"""Routes of the pages of the CRM; those of the API stand in `crm.api.urls`."""

from __future__ import annotations

from django.urls import URLPattern

from core.api.routes import route
from crm import data_urls
from crm.pages import fee, fee_public, lead, leads, pipeline, tasks, today

urlpatterns: list[URLPattern] = [
    *data_urls.urlpatterns,
    route("apply/fee/<str:token>/", fee_public.application_fee, name="application_fee"),
    route(
        "apply/fee/<str:token>/return/",
        fee_public.application_fee_return,
        name="application_fee_return",
    ),
    route("applications/<uuid:pk>/fee/ask/", fee.fee_ask, name="fee_ask"),
    route("applications/<uuid:pk>/fee/renew/", fee.fee_renew, name="fee_renew"),
    route("fees/", fee.fees_unpaid, name="fees_unpaid"),
    route("fees/<uuid:pk>/attend/", fee.fee_attend, name="fee_attend"),
    route("today/", today.today, name="today"),
    route("today/tasks/", tasks.task_bulk, name="task_bulk"),
    route("reminders/<uuid:pk>/dismiss/", today.reminder_dismiss, name="reminder_dismiss"),
    route("fees/<uuid:pk>/dismiss/", today.fee_dismiss, name="fee_dismiss"),
    route("tasks/<uuid:pk>/complete/", tasks.task_complete, name="task_complete"),
    route("tasks/<uuid:pk>/undo/", tasks.task_undo, name="task_undo"),
    route("tasks/<uuid:pk>/reopen/", tasks.task_reopen, name="task_reopen"),
    route("tasks/<uuid:pk>/snooze/", tasks.task_snooze, name="task_snooze"),
    route("tasks/<uuid:pk>/reassign/", tasks.task_reassign, name="task_reassign"),
    route("leads/", leads.lead_list, name="leads"),
    route("leads/new/", leads.lead_new, name="lead_new"),
    route("leads/<uuid:pk>/", lead.lead_detail, name="lead"),
    route("leads/<uuid:pk>/edit/", leads.lead_edit, name="lead_edit"),
    route("leads/<uuid:pk>/assign/", leads.lead_assign, name="lead_assign"),
    route("leads/<uuid:pk>/move/", pipeline.lead_move, name="lead_move"),
    route("leads/<uuid:pk>/notes/", lead.lead_note, name="lead_note"),
    route("leads/<uuid:pk>/next-action/", lead.lead_next_action, name="lead_next_action"),
    route("leads/<uuid:pk>/applications/", lead.application_new, name="application_new"),
    route("applications/<uuid:pk>/", lead.application_detail, name="application"),
    route("applications/<uuid:pk>/edit/", lead.application_edit, name="application_edit"),
    route("applications/<uuid:pk>/move/", pipeline.application_move, name="application_move"),
    route("applications/<uuid:pk>/tasks/", lead.task_new, name="task_new"),
    route("pipeline/", pipeline.pipeline, name="pipeline"),
    route("pipeline/applications/", pipeline.pipeline_applications, name="pipeline_applications"),
]
