"""Django with nothing in it, as a WSGI application: no middleware, no apps, one view.

Served beside the real application, it shows what the middleware costs.
"""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="nothing is signed here",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
)


def bare(request: HttpRequest) -> HttpResponse:
    """Answer with two bytes."""
    return HttpResponse(b"ok", headers={"Content-Length": "2"})


urlpatterns = [path("bench/bare/", bare)]
application = get_wsgi_application()
