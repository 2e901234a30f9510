"""The project: settings, routes, Celery. The top of the house: it may import every app."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
