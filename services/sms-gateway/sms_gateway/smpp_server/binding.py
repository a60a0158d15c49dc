"""A bind: who asks, whether the password fits, from where, and whether there is room.

Whatever is wrong, a stranger is told the same (ESME_RBINDFAIL) after as long a time; the reason stands with the SMPP
account for its owner to see. Who knows the password learns that there are too many binds (ESME_RALYBND).
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from channel import login_failures
from chassis.database import Database
from chassis.logs import get_logger
from sms_gateway.domain.smpp_partners import SmppPartner
from sms_gateway.domain.smpp_passwords import NOBODYS
from sms_gateway.smpp.constants import Status
from sms_gateway.smpp_server import figures
from sms_gateway.smpp_server.doors import Comparisons, NoRoom, Passwords, wait_after
from sms_gateway.smpp_server.partners import partner_of
from sms_gateway.smpp_server.session import Session, State
from sms_gateway.store import smpp_accounts

log = get_logger()


class Binding:
    """`bind` on the loop, for each bind that is asked for.

    :param on_bound: a bind is written down, and about to be answered.
    :param on_gone: one was written down, and its connection has ended meanwhile.
    """

    def __init__(
        self,
        database: Database,
        on_bound: Callable[[Session, SmppPartner], None],
        on_gone: Callable[[UUID], None],
    ) -> None:
        self._database = database
        self._on_bound, self._on_gone = on_bound, on_gone
        self._passwords = Passwords()
        self._comparisons = Comparisons()
        self._refused: dict[UUID, tuple[datetime, str, str]] = {}

    async def bind(self, session: Session, system_id: str, password: str, response: int, sequence: int) -> None:
        """Answer the bind."""
        try:
            partner = await self._known(session, system_id, password)
            status = await self._written_down(session, partner) if partner else Status.BIND_FAILED
        except Exception as error:
            log.warning("smpp_bind_not_decided", error=error)
            partner, status = None, Status.SYSTEM_ERROR
        if session.state is not State.BINDING:
            if partner is not None and status == Status.OK:
                self._on_gone(session.id)
        elif partner is not None and status == Status.OK:
            self._on_bound(session, partner)
            session.bound(partner, response, sequence)
        else:
            session.not_bound(status, response, sequence)

    async def _known(self, session: Session, system_id: str, password: str) -> SmppPartner | None:
        """Who it is; None where the bind is refused, after the time that a refusal takes."""
        tried = f"network {session.network}", f"system_id {system_id}"
        partner, failures = await asyncio.to_thread(self._look_up, system_id, tried)
        if partner is not None and self._passwords.is_known(password, partner.password_hash):
            reason = partner.refuses(session.address, session.certificate)
        else:
            try:
                reason = await self._slowly(session, wait_after(failures), password, partner)
            except NoRoom:
                self._note(session, partner, "server_full")
                return None
        if session.state is not State.BINDING:
            return None
        if reason is not None:
            await asyncio.to_thread(self._count_failure, tried)
            self._note(session, partner, reason)
            return None
        if failures:
            await asyncio.to_thread(self._forget_failures, tried)
        return partner

    async def _slowly(self, session: Session, seconds: float, password: str, partner: SmppPartner | None) -> str | None:
        """The dear comparison, after a wait that grows with the failures of the network and of the system id.

        Nobody who binds with the password that fitted before comes here, so a stranger's failures lock nobody out.
        """
        kept = partner.password_hash if partner is not None else NOBODYS
        compare = functools.partial(self._passwords.fits, password, kept)
        fits = await self._comparisons.fits(session.network, seconds, session.closed, compare)
        if partner is None or not fits:
            return "password"
        return partner.refuses(session.address, session.certificate)

    def _look_up(self, system_id: str, tried: tuple[str, ...]) -> tuple[SmppPartner | None, int]:
        """The partner of that name, and how often it or its network failed lately at any server."""
        with self._database.transaction() as session:
            row = smpp_accounts.named(session, system_id) if system_id.isascii() else None
            return (partner_of(row) if row is not None else None), login_failures.count(session, *tried)

    def _count_failure(self, tried: tuple[str, ...]) -> None:
        with self._database.transaction() as session:
            login_failures.note(session, *tried)

    def _forget_failures(self, tried: tuple[str, ...]) -> None:
        with self._database.transaction() as session:
            login_failures.forget(session, *tried)

    async def _written_down(self, session: Session, partner: SmppPartner) -> int:
        def write() -> bool:
            with self._database.transaction() as transaction:
                return smpp_accounts.open_bind(transaction, partner.id, session.id, session.as_json())

        if await asyncio.to_thread(write):
            return Status.OK
        self._note(session, partner, "max_binds")
        return Status.ALREADY_BOUND

    def _note(self, session: Session, partner: SmppPartner | None, reason: str) -> None:
        figures.REFUSED_BINDS.labels(reason).inc()
        log.info("smpp_bind_refused", reason=reason, smpp_account_id=partner and str(partner.id))
        if partner is not None:
            self._refused[partner.id] = datetime.now(UTC), session.address, reason

    def take_refused(self) -> list[Any]:
        """The last refused bind of each SMPP account since this was asked last."""
        refused, self._refused = self._refused, {}
        return [(partner_id, *told) for partner_id, told in refused.items()]
