"""The HTTP server: HTTP/1.1 with kept connections, a thread for each connection.

Werkzeug's own server closes the connection after every answer, so this one stands on the
standard library's and uses Werkzeug's requests and responses.
"""

import io
import json
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.wrappers import Request, Response

LARGEST_BODY = 2 * 1024 * 1024
IDLE_SECONDS = 75
App = Callable[[Request], Response]


class FormRequest(Request):
    """A request whose form may be as large as the whole body may."""

    max_form_memory_size = LARGEST_BODY


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other from a connection and writes the app's answers."""

    protocol_version = "HTTP/1.1"
    server_version = "TaproomSandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS
    server: "Server"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet: the sandbox has a request log of its own."""

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        try:
            response = self.server.app(FormRequest(self._environ(body)))
        except ConnectionError:
            self.close_connection = True
            return
        self._write(response)

    def _body(self) -> bytes | None:
        """Return the request's body; None when it was refused and answered."""
        if self.headers.get("Transfer-Encoding"):
            self._refuse(411, "send a Content-Length")
            return None
        text = self.headers.get("Content-Length", "0")
        if not (text.isascii() and text.isdigit()):
            self._refuse(400, "bad Content-Length")
            return None
        length = int(text)
        if length > LARGEST_BODY:
            self._refuse(413, f"the body may have {LARGEST_BODY} bytes at most")
            return None
        return self.rfile.read(length)

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        error = {"error": {"message": f"Request refused: {message}", "type": "api_error"}}
        response = Response(json.dumps(error), status, mimetype="application/json")
        response.headers["Connection"] = "close"
        self._write(response)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": self.server.host,
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def _write(self, response: Response) -> None:
        body = response.get_data()
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name != "Content-Length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def __getattr__(self, name: str) -> Any:
        """Answer every method in the same way; the base class looks for ``do_GET`` and so on."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)


class Server(ThreadingHTTPServer):
    """Listens on loopback. Raises OSError when the port is taken."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    app: App

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        super().__init__((host, port), Handler)

    @property
    def port(self) -> int:
        """The port in use, also when 0 was asked for."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that went away; every other error was answered with a 500."""


def serve(server: Server, stopping: threading.Event) -> None:
    """Serve until ``stopping`` is set."""
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    stopping.wait()
    server.shutdown()
    server.server_close()
    thread.join()
