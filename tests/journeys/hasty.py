"""The Celery app of Taproom with a beat that looks every second, since a test will not wait 30."""

from config.celery import app

for name in ("core.beat", "payments.sweep", "subscriptions.sweep"):
    app.conf.beat_schedule[name]["schedule"] = 1.0

__all__ = ["app"]
