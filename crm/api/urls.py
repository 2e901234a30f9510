"""Routes of the CRM's API."""

from __future__ import annotations

from core.api.routes import route
from crm.api import applications, fees, leads, people, stages, tasks, timeline

LEAD = "api/leads/<uuid:pk>"
APPLICATION = "api/applications/<uuid:pk>"
TASK = "api/tasks/<uuid:pk>"

urlpatterns = [
    route("api/leads/", leads.LeadList.as_view(), name="api_leads"),
    route(f"{LEAD}/", leads.LeadDetail.as_view(), name="api_lead"),
    route(f"{LEAD}/move/", leads.LeadMove.as_view(), name="api_lead_move"),
    route(f"{LEAD}/assign/", leads.LeadAssign.as_view(), name="api_lead_assign"),
    route(f"{LEAD}/merge/", leads.LeadMerge.as_view(), name="api_lead_merge"),
    route(f"{LEAD}/timeline/", timeline.LeadTimeline.as_view(), name="api_lead_timeline"),
    route(
        f"{LEAD}/applications/",
        applications.LeadApplications.as_view(),
        name="api_lead_applications",
    ),
    route("api/applications/", applications.ApplicationList.as_view(), name="api_applications"),
    route(f"{APPLICATION}/", applications.ApplicationDetail.as_view(), name="api_application"),
    route(
        f"{APPLICATION}/move/",
        applications.ApplicationMove.as_view(),
        name="api_application_move",
    ),
    route(f"{APPLICATION}/fee/", fees.ApplicationFee.as_view(), name="api_application_fee"),
    route("api/tasks/", tasks.TaskList.as_view(), name="api_tasks"),
    route(f"{TASK}/", tasks.TaskDetail.as_view(), name="api_task"),
    route(f"{TASK}/complete/", tasks.TaskComplete.as_view(), name="api_task_complete"),
    route(f"{TASK}/reopen/", tasks.TaskReopen.as_view(), name="api_task_reopen"),
    route(f"{TASK}/reassign/", tasks.TaskReassign.as_view(), name="api_task_reassign"),
    route(f"{TASK}/snooze/", tasks.TaskSnooze.as_view(), name="api_task_snooze"),
    route("api/lead-stages/", stages.LeadStageList.as_view(), name="api_lead_stages"),
    route("api/lead-stages/order/", stages.LeadStageOrder.as_view(), name="api_lead_stage_order"),
    route("api/lead-stages/<uuid:pk>/", stages.LeadStageDetail.as_view(), name="api_lead_stage"),
    route(
        "api/application-stages/",
        stages.ApplicationStageList.as_view(),
        name="api_application_stages",
    ),
    route(
        "api/application-stages/order/",
        stages.ApplicationStageOrder.as_view(),
        name="api_application_stage_order",
    ),
    route(
        "api/application-stages/<uuid:pk>/",
        stages.ApplicationStageDetail.as_view(),
        name="api_application_stage",
    ),
    route("api/people/", people.PersonList.as_view(), name="api_people"),
    route("api/teams/", people.TeamList.as_view(), name="api_teams"),
]
