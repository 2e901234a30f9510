"""Routes of the billing API; each module lists its own."""

from billing.api import statements

urlpatterns = [*statements.routes]
