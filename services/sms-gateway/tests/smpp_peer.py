"""A partner on a blocking socket, which does what the test says and nothing else."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import RESPONSE, Command
from sms_gateway.smpp.pdu import Pdu

SECONDS = 20.0
_BINDS = {
    "transceiver": Command.BIND_TRANSCEIVER,
    "transmitter": Command.BIND_TRANSMITTER,
    "receiver": Command.BIND_RECEIVER,
}


class Peer:
    """One connection; PDUs that were not waited for are kept for whoever waits for them next."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self._buffer = b""
        self._kept: list[Pdu] = []
        self._sequence = 0

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def write(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def send(self, command: Command, fields: dict[str, Any] | None = None, tlvs: dict[int, bytes] | None = None) -> int:
        """Returns the sequence number."""
        self._sequence += 1
        self.write(smpp.encode(Pdu(command, self._sequence, 0, fields or {}, tlvs or {})))
        return self._sequence

    def answer(self, request: Pdu, status: int = 0) -> None:
        self.write(smpp.encode(Pdu(Command(request.command | RESPONSE), request.sequence, status, {})))

    def read(self) -> Pdu | None:
        """The next PDU, None at the end of the connection."""
        while True:
            frames, _ = smpp.split_frames(self._buffer)
            if frames:
                self._buffer = self._buffer[len(frames[0]) :]
                return smpp.decode(frames[0])
            try:
                chunk = self.socket.recv(65536)
            except ConnectionError:
                chunk = b""
            if not chunk:
                return None
            self._buffer += chunk

    def wait_for(self, command: Command, sequence: int | None = None) -> Pdu:
        for place, pdu in enumerate(self._kept):
            if pdu.command == command and sequence in (None, pdu.sequence):
                return self._kept.pop(place)
        while (pdu := self.read()) is not None:  # type: ignore[assignment]
            if pdu.command == Command.ENQUIRE_LINK:
                self.answer(pdu)
            elif pdu.command == command and sequence in (None, pdu.sequence):
                return pdu
            else:
                self._kept.append(pdu)
        raise AssertionError(f"the connection ended before {command!r}")

    def ask(self, command: Command, fields: dict[str, Any] | None = None, tlvs: dict[int, bytes] | None = None) -> Pdu:
        return self.wait_for(Command(command | RESPONSE), self.send(command, fields, tlvs))

    def bind(self, system_id: str, password: str, kind: str = "transceiver") -> int:
        """The status of the answer."""
        fields = {"system_id": system_id, "password": password, "interface_version": 0x34}
        return self.ask(_BINDS[kind], fields).status

    def submit(self, to: str = "48600100200", text: bytes = b"Hej", tlvs: Any = None, **fields: Any) -> Pdu:
        return self.ask(Command.SUBMIT_SM, submit_fields(to, text, **fields), tlvs)

    def receipt(self) -> Pdu:
        """The next deliver_sm, acknowledged."""
        pdu = self.wait_for(Command.DELIVER_SM)
        self.answer(pdu)
        return pdu

    def has_ended(self) -> bool:
        """Waits for the end of the connection."""
        while self.read() is not None:
            pass
        return True


def submit_fields(to: str = "48600100200", text: bytes = b"Hej", **fields: Any) -> dict[str, Any]:
    return {
        "source_addr_ton": 5, "source_addr": "Wici", "dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": to,
        "registered_delivery": 1, "short_message": text, **fields,
    }  # fmt: skip
