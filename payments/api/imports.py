"""Many payment links from one CSV file, for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, invalid
from core.api.views import ApiView
from payments.api.serializers import LinkImportAnswer, LinkImportFields
from payments.link_files import FileRefused
from payments.models import LinkTemplate
from payments.operations.imports import (
    PreviewRow,
    find_template,
    import_links,
    preview_import,
)


class LinkImports(ApiView):
    """Make links of the rows of a file."""

    idempotency = "accepted"
    required_scopes = {"POST": "links:write"}
    max_body_bytes = 2 * 1024 * 1024

    @extend_schema(request=LinkImportFields, responses={200: LinkImportAnswer})
    def post(self, request: Request) -> Response:
        """Make payment links of a file's good rows in one go; the same file makes none twice."""
        fields = LinkImportFields(data=request.data)
        fields.is_valid(raise_exception=True)
        try:
            return Response(LinkImportAnswer(self._answer(fields.validated_data)).data)
        except FileRefused as refusal:
            raise invalid(
                FieldError(str(refusal), code="file_refused", pointer="#/csv")
            ) from refusal
        except LinkTemplate.DoesNotExist as error:
            words = "There is no template with this id."
            raise invalid(FieldError(words, code="unknown", pointer="#/template")) from error

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        template = find_template(asked.get("template"))
        common = {"text": asked["csv"], "template": template, "by": self.by, "now": self.now}
        if asked["dry_run"]:
            rows = preview_import(**common)
            return {"import_id": None, "rows": [_row(row, is_stored=False) for row in rows]}
        imported, rows = import_links(file_name=asked.get("file_name", ""), **common)
        return {"import_id": imported.pk, "rows": [_row(row, is_stored=True) for row in rows]}


def _row(row: PreviewRow, *, is_stored: bool) -> dict[str, Any]:
    link = row.made or (row.link if is_stored else None)
    result = "made" if row.made else "new" if row.is_new else "refused"
    return {
        "line": row.line,
        "result": result,
        "link": link and link.pk,
        "url": link and link.url,
        "errors": row.errors,
    }
