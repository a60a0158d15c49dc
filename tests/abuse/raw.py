"""Bare sockets: what no well-behaved client sends."""

import base64
import socket
import time
from urllib.parse import urlsplit
from uuid import uuid4

from chassis.ids import new_id
from contracts import tokens
from contracts.tokens import TokenKind

PATIENCE = 10.0


class Raw:
    """Bytes to and from one address of a running gateway."""

    def __init__(self, environ):
        at = urlsplit(environ["WICI_PUBLIC_URL"])
        self.address = (at.hostname, at.port)
        self.link_key = base64.b64decode(environ["WICI_LINK_KEYS"].split(",")[0])

    def connect(self):
        sock = socket.create_connection(self.address, PATIENCE)
        sock.settimeout(PATIENCE)
        return sock

    def send(self, *pieces):
        """A connection on which these bytes were sent, and nothing after them."""
        sock = self.connect()
        for piece in pieces:
            sock.sendall(piece)
        return sock

    def ask(self, request):
        """(status, the whole answer, seconds) of one request on a connection of its own."""
        started = time.monotonic()
        with self.send(request) as sock:
            answer = read_answer(sock)
        return status_of(answer), answer, time.monotonic() - started

    def get(self, path, **headers):
        return self.ask(head("GET", path, Connection="close", **headers))

    def click_path(self, account_id=None):
        """The path of a link to example.com that was signed a moment ago."""
        sign = tokens.signer(
            self.link_key,
            TokenKind.CLICK,
            account_id=account_id or uuid4(),
            campaign_id=None,
            target="https://sklep.example/",
        )
        return f"/t/{sign(new_id(), uuid4())}"


def head(method, path, **headers):
    """A request's head; header names with underscores for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: wici.example"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def read_answer(sock):
    """All bytes until the other side closes, or stops for `PATIENCE`."""
    parts = []
    while True:
        try:
            part = sock.recv(65536)
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def status_of(answer):
    """The status of an answer; 0 where nothing came."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
