"""`/healthz`, `/readyz` and `/metrics` of a process that serves no pages: a worker by itself."""

from collections.abc import Callable, Iterable
from socket import AF_INET6
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import HttpResponse, HttpResponseNotFound

from milepost.config.monitoring import MonitoringMiddleware
from milepost.config.protection import ProtectionMiddleware

PATIENCE = 10.0  # seconds that somebody who connects has for each line of what they ask


def answer_programs(host: str, port: int, is_alive: Callable[[], bool]) -> int:
    """Answer there from now on, in threads that end with the process; to whom what is told is as everywhere. Return the port.

    `/healthz` says no (503) while `is_alive` does. Raises `OSError` where the address can't be had.
    """
    kind = type("_Server6", (_Server,), {"address_family": AF_INET6}) if ":" in host else _Server
    server = kind((host, port), _Handler)
    server.set_app(_application(is_alive))
    Thread(target=server.serve_forever, name="monitoring", daemon=True).start()
    return int(server.server_port)


def _application(is_alive: Callable[[], bool]) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    answer = ProtectionMiddleware(MonitoringMiddleware(lambda _request: HttpResponseNotFound()))

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = WSGIRequest(environ)
        try:
            hangs = request.path_info == "/healthz" and not is_alive()
            response = HttpResponse("hangs", status=503, content_type="text/plain") if hangs else answer(request)
            start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
            return [b"".join(response)]
        finally:
            connections.close_all()  # this thread's

    return application


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without asking a name server who we are, as `HTTPServer` does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: whoever watches asks all day long."""
