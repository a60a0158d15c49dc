"""Requests of bound partners: read, planned and stored, or looked up, and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chassis.database import Database, Session
from chassis.logs import get_logger
from sms_gateway.domain.smpp_partners import SmppPartner
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp import requests, times
from sms_gateway.smpp.constants import HEADER_SIZE, RESPONSE, Address, Command, Status
from sms_gateway.smpp.delivering import error_of, state_of
from sms_gateway.smpp.pdu import PduError, Value
from sms_gateway.smpp.requests import Submitted
from sms_gateway.smpp_server import figures
from sms_gateway.smpp_server.intake import Intake
from sms_gateway.smpp_server.room import Room
from sms_gateway.smpp_server.session import Session as Connection
from sms_gateway.usecases import partner_messages

MOST_ASKED = 1_000  # requests about messages that wait to be answered
MOST_ASKED_OCTETS = 16 * 1024 * 1024
_SUBMITS = frozenset({Command.SUBMIT_SM, Command.DATA_SM, Command.SUBMIT_MULTI})
_NAMES = {int(command): command.name.lower() for command in Command}

log = get_logger()


@lru_cache(maxsize=1024)
def _answered(command: int, status: int) -> Any:
    """The counter of such answers: looking it up by its labels takes longer than counting."""
    return figures.REQUESTS.labels(_NAMES[command], f"{status:#04x}")


class Handling:
    """`request` on the loop; every request is answered once, by `Connection.answer`."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake
        self._asked = Room(MOST_ASKED, MOST_ASKED_OCTETS)
        self._thread = ThreadPoolExecutor(1, "asking")

    def request(self, connection: Connection, frame: bytes, command: int, sequence: int) -> None:
        try:
            if command in _SUBMITS:
                self._submit(connection, frame, command, sequence)
            else:
                self._ask(connection, frame, command, sequence)
        except PduError as error:
            self._answer(connection, command, error.status, sequence)
        except Exception as error:  # a fault of ours must not end the connection, which others' messages are on
            log.error("smpp_request_failed", command=command, error=error, exc_info=error)
            self._answer(connection, command, Status.SYSTEM_ERROR, sequence)

    def _answer(self, connection: Connection, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        _answered(command, status).inc()
        connection.answer(command | RESPONSE, status, sequence, body)

    # --- messages

    def _submit(self, connection: Connection, frame: bytes, command: int, sequence: int) -> None:
        partner = connection.partner
        assert partner is not None
        if not self._intake.has_room(partner.account_id, len(frame)):
            raise PduError("too many messages wait", status=Status.MESSAGE_QUEUE_FULL)
        plan, failed = partner_messages.plan_submitted(partner, requests.read(frame), datetime.now(UTC))

        def stored(answer: Any) -> None:
            if isinstance(answer, Exception):
                if (status := partner_messages.status_of(answer)) == Status.SYSTEM_ERROR:
                    log.warning("smpp_submit_not_stored", error=answer)
                self._answer(connection, command, status, sequence)
                return
            connection.accepted += len(answer["messages"])
            message_id = partner_messages.partners_id(answer["messages"][0]["id"])
            body = message_id.encode("ascii") + b"\0"
            if command == Command.SUBMIT_MULTI:
                body = requests.multi_response(sequence, message_id, failed)[HEADER_SIZE:]
            self._answer(connection, command, Status.OK, sequence, body)

        self._intake.put(plan, len(frame), stored)

    # --- what became of them

    def _ask(self, connection: Connection, frame: bytes, command: int, sequence: int) -> None:
        partner = connection.partner
        assert partner is not None
        account_id, octets = partner.account_id, len(frame)
        if not self._asked.has(account_id, octets):
            raise PduError("too many requests wait", status=Status.THROTTLED)
        fields = smpp.decode(frame).fields
        self._asked.take(account_id, octets)
        future = asyncio.get_running_loop().run_in_executor(self._thread, self._done, partner, command, fields)

        def answered(done: asyncio.Future[bytes]) -> None:
            self._asked.give(account_id, octets)
            error = None if done.cancelled() else done.exception()
            if error is None:
                self._answer(connection, command, Status.OK, sequence, done.result())
                return
            status = error.status if isinstance(error, PduError) else int(Status.SYSTEM_ERROR)
            if not isinstance(error, PduError):
                log.warning("smpp_request_not_answered", command=_NAMES[command], error=type(error).__name__)
            self._answer(connection, command, status, sequence)

        future.add_done_callback(answered)

    def _done(self, partner: SmppPartner, command: int, fields: dict[str, Value]) -> bytes:
        """On a thread: the body of the answer."""
        with self._database.transaction() as session:
            return _ASKED[command](session, partner, str(fields["message_id"]), _source(fields), fields)


def _source(fields: dict[str, Value]) -> Address:
    return int(fields["source_addr_ton"]), int(fields["source_addr_npi"]), str(fields["source_addr"])


def _query(session: Session, partner: SmppPartner, name: str, source: Address, _fields: dict[str, Value]) -> bytes:
    found = partner_messages.query(session, partner, name, source)
    code = found["code"] or ""
    _, number = state_of(found["state"], code)
    final = times.absolute(found["final_at"]) if found["final_at"] else ""
    error = min(error_of(found["state"], code), 255)
    return name.encode("ascii") + b"\0" + final.encode("ascii") + b"\0" + bytes((number, error))


def _cancel(session: Session, partner: SmppPartner, name: str, source: Address, _fields: dict[str, Value]) -> bytes:
    if not name:
        # All of one source to one destination (section 4.9): not done here.
        raise PduError("message_id: empty", status=Status.CANCEL_FAILED)
    partner_messages.cancel(session, partner, name, source, datetime.now(UTC))
    return b""


def _replace(session: Session, partner: SmppPartner, name: str, source: Address, fields: dict[str, Value]) -> bytes:
    octets = fields["short_message"]
    assert isinstance(octets, bytes)
    change = Submitted(
        command=Command.REPLACE_SM, source=source, destinations=[], octets=octets, data_coding=0, has_header=False,
        protocol_id=0, registered=int(fields["registered_delivery"]) & 0x03,
        schedule=str(fields["schedule_delivery_time"]), validity=str(fields["validity_period"]),
    )  # fmt: skip
    partner_messages.replace(session, partner, name, source, change, datetime.now(UTC))
    return b""


_ASKED: dict[int, Callable[[Session, SmppPartner, str, Address, dict[str, Value]], bytes]] = {
    Command.QUERY_SM: _query,
    Command.CANCEL_SM: _cancel,
    Command.REPLACE_SM: _replace,
}
