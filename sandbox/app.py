"""Send each request to the API, the control API or the pages."""

import logging

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from sandbox.api import Api
from sandbox.control import disputes, invoices, objects, switches  # noqa: F401
from sandbox.control import routes as control
from sandbox.pages import html, mail
from sandbox.pages import routes as page_routes
from sandbox.shop import control as shop_control  # noqa: F401
from sandbox.shop import routes as shop_routes
from sandbox.state import Sandbox

log = logging.getLogger(__name__)


class App:
    """The whole sandbox as one function of a request."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._api = Api(sandbox)

    def __call__(self, request: Request) -> Response:
        """Answer a request; what it set in motion starts at once."""
        try:
            return self._answer(request)
        except HTTPException as error:
            return Response(f"{error.description}\n", error.code, mimetype="text/plain")
        except ConnectionError:
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return html.message("Sandbox error", "See the sandbox's log.", 500)
        finally:
            self._sandbox.changed.set()

    def _answer(self, request: Request) -> Response:
        if request.path == control.PREFIX or request.path.startswith(control.PREFIX + "/"):
            return control.answer(self._sandbox, request)
        if request.path == shop_routes.PREFIX or request.path.startswith(f"{shop_routes.PREFIX}/"):
            return shop_routes.answer(self._sandbox, request)
        if request.path == mail.PREFIX or request.path.startswith(f"{mail.PREFIX}/"):
            return mail.answer(self._sandbox, request)
        if request.path == "/" or request.path.startswith("/c/"):
            return page_routes.answer(self._sandbox, request)
        return self._api(request)
