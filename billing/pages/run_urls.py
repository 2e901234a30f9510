"""Routes of billing runs."""

from django.urls import URLPattern

from billing.pages import runs
from core.api.routes import route

RUN = "billing/runs/<uuid:pk>/"

urlpatterns: list[URLPattern] = [
    route("billing/runs/", runs.run_list, name="billing_runs"),
    route(RUN, runs.run_detail, name="billing_run"),
    route(f"{RUN}finalize/", runs.run_finalize, name="billing_run_finalize"),
    *(
        route(f"{RUN}{verb}/", runs.run_turn, verb=verb, name=f"billing_run_{verb}")
        for verb in runs.VERBS
    ),
    *(
        route(f"billing/drafts/<uuid:pk>/{verb}/", runs.draft_turn, verb=verb,
              name=f"billing_draft_{verb}")
        for verb in ("recompile", "drop")
    ),
]  # fmt: skip
