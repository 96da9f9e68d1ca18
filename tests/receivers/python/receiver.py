"""Verifies deliveries with the standardwebhooks library of PyPI."""

import hashlib
import hmac
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook

SECRET = os.environ["RECEIVER_SECRET"]


def verify(body: bytes, headers: dict[str, str]) -> None:
    event = Webhook(SECRET).verify(body, headers)
    if os.environ.get("RECEIVER_HEADERS") == "standard":
        return
    wanted = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, headers.get("x-novapulse-signature", "")):
        raise ValueError("X-NovaPulse-Signature")
    if headers.get("x-novapulse-event") != event["type"]:
        raise ValueError("X-NovaPulse-Event")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        status, reason = 204, b""
        try:
            verify(body, {name.lower(): value for name, value in self.headers.items()})
        except Exception as error:  # The library has exceptions of its own; all mean the same here.
            status, reason = 400, repr(error).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(reason)))
        self.end_headers()
        self.wfile.write(reason)

    def log_message(self, *_arguments: object) -> None:
        """Says nothing: the test reads the answers."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
