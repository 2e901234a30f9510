"""Routes of the pages of the CRM; those of the API stand in `crm.api.urls`."""

from __future__ import annotations

from django.urls import URLPattern, path

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
    path("applications/<uuid:pk>/fee/ask/", fee.fee_ask, name="fee_ask"),
    path("applications/<uuid:pk>/fee/renew/", fee.fee_renew, name="fee_renew"),
    path("fees/", fee.fees_unpaid, name="fees_unpaid"),
    path("fees/<uuid:pk>/attend/", fee.fee_attend, name="fee_attend"),
    path("today/", today.today, name="today"),
    path("today/tasks/", tasks.task_bulk, name="task_bulk"),
    path("reminders/<uuid:pk>/dismiss/", today.reminder_dismiss, name="reminder_dismiss"),
    path("fees/<uuid:pk>/dismiss/", today.fee_dismiss, name="fee_dismiss"),
    path("tasks/<uuid:pk>/complete/", tasks.task_complete, name="task_complete"),
    path("tasks/<uuid:pk>/undo/", tasks.task_undo, name="task_undo"),
    path("tasks/<uuid:pk>/reopen/", tasks.task_reopen, name="task_reopen"),
    path("tasks/<uuid:pk>/snooze/", tasks.task_snooze, name="task_snooze"),
    path("tasks/<uuid:pk>/reassign/", tasks.task_reassign, name="task_reassign"),
    path("leads/", leads.lead_list, name="leads"),
    path("leads/new/", leads.lead_new, name="lead_new"),
    path("leads/<uuid:pk>/", lead.lead_detail, name="lead"),
    path("leads/<uuid:pk>/edit/", leads.lead_edit, name="lead_edit"),
    path("leads/<uuid:pk>/assign/", leads.lead_assign, name="lead_assign"),
    path("leads/<uuid:pk>/move/", pipeline.lead_move, name="lead_move"),
    path("leads/<uuid:pk>/notes/", lead.lead_note, name="lead_note"),
    path("leads/<uuid:pk>/next-action/", lead.lead_next_action, name="lead_next_action"),
    path("leads/<uuid:pk>/applications/", lead.application_new, name="application_new"),
    path("applications/<uuid:pk>/", lead.application_detail, name="application"),
    path("applications/<uuid:pk>/edit/", lead.application_edit, name="application_edit"),
    path("applications/<uuid:pk>/move/", pipeline.application_move, name="application_move"),
    path("applications/<uuid:pk>/tasks/", lead.task_new, name="task_new"),
    path("pipeline/", pipeline.pipeline, name="pipeline"),
    path("pipeline/applications/", pipeline.pipeline_applications, name="pipeline_applications"),
]
