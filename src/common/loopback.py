"""Pages for browsers of this machine, by Python's own http.server, which needs nothing installed."""

import contextlib
import http.server
import socket
import sys
import threading

from src.common.errors import UserError

_HOST = "127.0.0.1"
_NAMES = (_HOST, "localhost")


class LoopbackHandler(http.server.BaseHTTPRequestHandler):
    """Answers a request, unless it was sent to another name: by a page of a site whose name leads here."""

    def parse_request(self) -> bool:
        """Read the request; whether it is to be answered."""
        if not super().parse_request():
            return False
        if self.headers.get("Host", "").partition(":")[0] not in _NAMES:
            self.send_error(403)
            return False
        return True

    def begin(self, kind: str, status: int = 200, **headers: str) -> None:
        """Send everything before the content.

        Args:
            kind: of the content, as in Content-Type.
            status: of the answer.
            headers: others, with _ in place of -.
        """
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")  # not within pages of other sites
        for name, value in headers.items():
            self.send_header(name.replace("_", "-").title(), value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Requests are no news."""


class LoopbackServer(http.server.ThreadingHTTPServer):
    """Answers on the loopback address only, in a thread for each connection; while entered.

    Args:
        port: of the address; 0: one that is free.
        handler: answers requests.
        what: is served, for errors.

    Attributes:
        address: of the page.
        connections: those that are open.

    Raises:
        UserError: the port cannot be used.
    """

    daemon_threads = False  # server_close waits for them

    def __init__(self, port: int, handler: type[LoopbackHandler], what: str):
        self.connections: set[socket.socket] = set()
        try:
            super().__init__((_HOST, port), handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(
                f"port {port} of the {what}: {reason}; give another, or 0 for a free one"
            ) from None
        self.address = f"http://{_HOST}:{self.server_port}/"

    def __enter__(self) -> "LoopbackServer":
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,))
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def process_request(self, request: socket.socket, client_address: object) -> None:
        """Start a thread for a connection."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        """End a connection."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """End all connections: one that reads nothing would hold up its thread for ever."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers may go at any moment; all other errors are shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)
