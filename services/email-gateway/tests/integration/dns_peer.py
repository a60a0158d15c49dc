"""A name server that says what a test has put into it, over UDP as any other."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]
"""Values by name (without the last dot) and type."""


class NameServer:
    r"""`records` may be changed while it answers, with `\000` in a text for an octet that is none of a text.

    `silent` names get no answer at all; `asked` is what it was asked. `flags` are set in every answer (AD: as of a
    resolver that validates); of `failing` names it knows nothing.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.records: Zone = {}
        self.silent: set[str] = set()
        self.failing: set[str] = set()
        self.flags = 0
        self.asked: list[tuple[str, str]] = []

    def answer(self, octets: bytes) -> bytes | None:
        query = dns.message.from_wire(octets)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        reply = dns.message.make_response(query, recursion_available=True)
        reply.flags |= self.flags
        if name in self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.records.get((name, kind)):
            texts = [_quoted(value) if kind == "TXT" else value for value in values]
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
        elif not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()


def _quoted(value: str) -> str:
    """As a master file has it: character strings of 255 octets at most (RFC 1035, section 3.3.14)."""
    return " ".join(f'"{value[start : start + 255]}"' for start in range(0, len(value), 255))


@contextmanager
def name_server() -> Iterator[NameServer]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            octets, socket = self.request
            if answer := made.answer(octets):
                socket.sendto(answer, self.client_address)

    server: Any = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
    made = NameServer(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
