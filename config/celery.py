"""Celery: tasks only drive rows; beat finds again whatever a lost message left behind."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("taproom", task_cls="core.jobs:Job")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Everything that waits is a row; these only look for rows that nobody drives.
app.conf.beat_schedule = {
    "core.beat": {"task": "core.beat", "schedule": 15.0, "options": {"expires": 15}},
    "core.measure": {"task": "core.measure", "schedule": 60.0, "options": {"expires": 60}},
    "core.clean_up": {"task": "core.clean_up", "schedule": 3600.0, "options": {"expires": 3600}},
    "core.sweep_webhooks": {
        "task": "core.sweep_webhooks",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "core.sweep_letters": {
        "task": "core.sweep_letters",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "billing.sweep_alerts": {
        "task": "billing.sweep_alerts",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "payments.remind": {
        "task": "payments.remind",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "payments.sweep": {"task": "payments.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "subscriptions.sweep": {
        "task": "subscriptions.sweep",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "billing.sweep_pushes": {
        "task": "billing.sweep_pushes",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "billing.sweep_money": {
        "task": "billing.sweep_money",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "billing.reconcile": {
        "task": "billing.reconcile",
        "schedule": crontab(hour="3", minute="40"),
        "options": {"expires": 3600},
    },
    # At night, when little else reads whole tables.
    "billing.audit_all_books": {
        "task": "billing.audit_all_books",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 3600},
    },
    "billing.wake_runs": {
        "task": "billing.wake_runs",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "subscriptions.reconcile_all_rents": {
        "task": "subscriptions.reconcile_all_rents",
        "schedule": crontab(hour=4, minute=10),
        "options": {"expires": 3600},
    },
    "crm.sweep": {"task": "crm.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "crm.remind": {"task": "crm.remind", "schedule": 300.0, "options": {"expires": 300}},
}


@beat_init.connect
def beat_at_once(**kwargs: Any) -> None:
    """Send the first heartbeat without waiting for its turn, so that a start is soon ready."""
    app.send_task("core.beat", queue="default", expires=60)
