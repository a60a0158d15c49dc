"""Receipts and answers to partners: taken from the database as their binds have room, and finished as they answer.

At least once: what a partner has acknowledged and this process had not yet deleted when it was killed is delivered
again. In order on each bind, but for what a partner did not take, which comes again later.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from chassis.database import Database, Fault, fault_of
from chassis.logs import get_logger
from contracts import ids
from sms_gateway.domain.sends import Address
from sms_gateway.smpp import delivering
from sms_gateway.smpp.constants import NPI_ISDN, TON_INTERNATIONAL, TON_NETWORK, Status
from sms_gateway.smpp_server import figures
from sms_gateway.smpp_server.session import Session
from sms_gateway.store import smpp_deliveries
from sms_gateway.store.smpp_deliveries import Delivery
from sms_gateway.usecases.partner_messages import partners_id

REST_SECONDS = 1.0
FIRST_WAIT, LAST_WAIT = 5.0, 1_800.0  # until one that was not taken comes again
_FOR_GOOD = frozenset({Status.RECEIVER_PERMANENT_ERROR, Status.RECEIVER_REJECTED})
_SHORT_CODE = 6

log = get_logger()


class Outgoing:
    """All on the loop; the database on a thread, one statement at a time.

    :param sessions: those that are bound.
    """

    def __init__(self, database: Database, sessions: Callable[[], Iterable[Session]]) -> None:
        self._database = database
        self._sessions = sessions
        self._wake = asyncio.Event()
        self._finished: list[UUID] = []
        self._returned: list[tuple[UUID, float]] = []
        self._is_paused = self._is_stopping = False

    def wake(self) -> None:
        self._wake.set()

    def acknowledged(self, session: Session, delivery: Delivery, status: int) -> None:
        if status == Status.OK:
            session.delivered += 1
            self._finish(delivery, "taken")
        elif status in _FOR_GOOD:
            session.note_error(f"deliver_sm {status:#010x}")
            self._finish(delivery, "refused")
        else:
            session.note_error(f"deliver_sm {status:#010x}")
            figures.DELIVERIES.labels("later").inc()
            self._returned.append((delivery.id, _wait(delivery)))
        self._wake.set()

    def _finish(self, delivery: Delivery, answer: str) -> None:
        figures.DELIVERIES.labels(answer).inc()
        self._finished.append(delivery.id)

    def lost(self, deliveries: Iterable[Delivery]) -> None:
        """The connection ended before they were answered. What is lost again and again waits: it may be why."""
        self._returned += [(each.id, 0.0 if each.attempts <= 1 else _wait(each)) for each in deliveries]
        self._wake.set()

    async def run(self) -> None:
        while not (self._is_stopping and not self._finished and not self._returned):
            try:
                took = await self._turn()
            except Exception as error:
                if fault_of(error) is Fault.DATA:
                    raise
                log.warning("smpp_deliveries_unavailable", error=error)
                await asyncio.sleep(REST_SECONDS)
                continue
            if not took and not self._is_stopping:
                await self._rest()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), REST_SECONDS)
        except TimeoutError:
            pass
        self._wake.clear()

    def pause(self) -> None:
        """Deliver nothing more; what is answered is still written down."""
        self._is_paused = True

    def stop(self) -> None:
        """End `run`, once all is written down."""
        self._is_stopping = True
        self._wake.set()

    async def _turn(self) -> bool:
        """Write down what was answered, and take what there is room for."""
        finished, self._finished = self._finished, []
        returned, self._returned = self._returned, []
        room: defaultdict[UUID, int] = defaultdict(int)
        for session in self._sessions() if not self._is_paused else ():
            if session.partner is not None and session.delivery_room > 0:
                room[session.partner.id] += session.delivery_room
        if not (finished or returned or room):
            return False
        try:
            taken = await asyncio.to_thread(self._exchange, finished, returned, sorted(room.items()))
        except Exception:
            self._finished += finished
            self._returned += returned
            raise
        for delivery in taken:
            self._deliver(delivery)
        return bool(taken)

    def _exchange(
        self, finished: list[UUID], returned: list[tuple[UUID, float]], room: list[tuple[UUID, int]]
    ) -> list[Delivery]:
        with self._database.transaction() as session:
            if finished:
                smpp_deliveries.finish(session, finished)
            if returned:
                smpp_deliveries.give_back(session, returned)
            return smpp_deliveries.take(session, room) if room else []

    def _deliver(self, delivery: Delivery) -> None:
        able = [
            session
            for session in self._sessions()
            if session.partner is not None
            and session.partner.id == delivery.smpp_account_id
            and session.delivery_room > 0
        ]
        if not able or self._is_paused:
            self._returned.append((delivery.id, 0.0))
            return
        try:
            body = body_of(delivery)
        except Exception as error:
            log.error("smpp_delivery_broken", delivery_id=str(delivery.id), error=error)
            self._finish(delivery, "broken")
            return
        max(able, key=lambda session: session.delivery_room).deliver(delivery, body)


def _wait(delivery: Delivery) -> float:
    return float(min(FIRST_WAIT * 2 ** min(delivery.attempts - 1, 20), LAST_WAIT))


def body_of(delivery: Delivery) -> bytes:
    """The deliver_sm, behind its header."""
    body = delivery.body
    if body["kind"] == "answer":
        return delivering.answer(
            source=_international(delivery.address), destination=_international(body["number"]),
            esm_class=body["esm_class"], data_coding=body["data_coding"], octets=smpp_deliveries.octets_of(body),
            tlvs=smpp_deliveries.parameters_of(body),
        )  # fmt: skip
    assert delivery.message_id is not None
    ton, npi, before = body["smpp"]["written"]
    of: dict[str, Any] = {
        "source": (ton, npi, before + delivery.address.removeprefix("+")),
        "destination": tuple(body["smpp"]["source"]),
        "submitted_at": ids.created_at(delivery.message_id),
        "done_at": smpp_deliveries.done_at(body),
        "others": smpp_deliveries.parameters_of(body),
    }
    return delivering.receipt(partners_id(delivery.message_id), body["state"], body["code"], **of)


def _international(number: str) -> Address:
    digits = number.removeprefix("+")
    return (TON_NETWORK if len(digits) <= _SHORT_CODE else TON_INTERNATIONAL), NPI_ISDN, digits
