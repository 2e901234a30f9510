"""/api/schema/ and /api/docs/: the description of the API, for programs and for people."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.urls import get_urlconf
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response


@cache
def whole_schema(urlconf: str) -> dict[str, Any]:
    """Return the OpenAPI document; made once in a process, since making it takes long."""
    return SchemaGenerator(urlconf=urlconf).get_schema(request=None, public=True)  # type: ignore[no-any-return, no-untyped-call]


class Schema(SpectacularAPIView):
    """The OpenAPI document, as JSON or, asked for, as YAML."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the document of the routes in use."""
        return Response(whole_schema(get_urlconf() or settings.ROOT_URLCONF))


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI, from files of our own and without inline code or styles."""

    url_name = "api-schema"
    template_name = "core/api_docs.html"
