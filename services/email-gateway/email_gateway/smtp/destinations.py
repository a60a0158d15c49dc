"""One destination's queue and connections: a few, reused, with limits. A smarthost is one, or a recipient's domain."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from chassis.logs import get_logger
from email_gateway.domain.needs import NOTHING, Needs
from email_gateway.domain.retrying import Result
from email_gateway.smtp.mx import NoRoute
from email_gateway.smtp.opening import open_session
from email_gateway.smtp.outcomes import SMARTHOST_ENDED, Outcome, hope, of_host, of_smarthost
from email_gateway.smtp.peers import ConnectFailed, NotPublic, Peer
from email_gateway.smtp.replies import Reply
from email_gateway.smtp.session import Ending, Session
from email_gateway.smtp.shaping import Allowance, Allowances, Place
from email_gateway.smtp.sources import Source
from email_gateway.smtp.verdicts import About, Stage, about, is_block, judged

MAX_TRIES = 3
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

log = get_logger()


def always(_parcel: Parcel) -> bool:
    return True


@dataclass(slots=True, eq=False)
class Parcel:
    """One message on its way; `on_done` is called once, on the loop. `tag` is the sender's own.

    `may_leave` is asked before it is given to a connection once more: a no is `Result.BACK`.
    """

    message_id: UUID
    envelope_from: str
    address: str
    octets: bytes = field(repr=False)
    urgent: bool
    on_done: Callable[[Parcel, Outcome], None] = field(repr=False)
    tag: Any = field(default=None, repr=False)
    may_leave: Callable[[Parcel], bool] = field(default=always, repr=False)
    needs: Needs = NOTHING
    source: Source | None = None
    tries: int = 0
    queued_at: float = 0.0


@dataclass(frozen=True)
class Limits:
    """What one destination is given.

    :param connections: at the same time.
    :param messages: over one connection, then a new one is made.
    :param idle_seconds: until an unused connection is closed.
    :param wait_seconds: a parcel that waits longer goes to the retry schedule, so that its batch can end.
    """

    connections: int = 8
    messages: int = 500
    idle_seconds: float = 10.0
    wait_seconds: float = 30.0


class Destination:
    """The queue and the connections of one destination.

    :param peers: gives the peers to try in order; raises `NoRoute`.
    :param patient: whether parcels wait while no connection can be made (our own smarthost); a recipient's server that
        is away sends them to the retry schedule at once.
    :param allowances: of the providers whose hosts the peers may be; without them `limits` alone count.
    """

    def __init__(
        self,
        peers: Callable[[], Awaitable[list[Peer]]],
        limits: Limits,
        *,
        patient: bool,
        allowances: Allowances | None = None,
    ) -> None:
        self._peers, self._limits, self._patient = peers, limits, patient
        self._allowance = Allowance(limits.connections)
        self._allowances = allowances  # None once it is known whose hosts they are
        self._places: dict[Session, Place] = {}
        self._urgent: deque[Parcel] = deque()
        self._bulk: deque[Parcel] = deque()
        self._sessions: set[Session] = set()
        self._opening: dict[asyncio.Task[None], Place] = {}
        self._failures = 0
        self._closed_until = 0.0
        self._in_flight = 0
        self.used_at = time.monotonic()

    def submit(self, parcel: Parcel) -> None:
        parcel.queued_at = self.used_at = time.monotonic()
        (self._urgent if parcel.urgent else self._bulk).append(parcel)

    @property
    def waiting(self) -> int:
        return len(self._urgent) + len(self._bulk)

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self._sessions or self._opening or self._in_flight)

    def pump(self) -> None:
        """Give waiting parcels to idle connections and open more where that helps."""
        for session in list(self._sessions):
            if not self.waiting:
                return
            session.pump()
        if time.monotonic() < self._closed_until:
            if not self._patient:
                self._give_up(Outcome(Result.RETRY, "4.4.1", "the destination did not answer a moment ago"))
            return
        rate = self._allowance.rate
        if self._sessions and rate is not None and rate.is_used_up(urgent=bool(self._urgent)):
            return  # more connections send no more mails; one of those that are open is told when there is room
        wanted = self.waiting - len(self._opening)
        if self._failures or self._allowances is not None:
            wanted = min(wanted, 1 - len(self._opening))  # one finds out whether it is back, or whose hosts they are
        urgent = len(self._urgent) - sum(not place.is_bulk for place in self._opening.values())
        for number in range(wanted):
            place = self._allowance.enter(self.pump, urgent=number < urgent)
            if place is None:
                break
            task = asyncio.get_running_loop().create_task(self._open(place))
            self._opening[task] = place
            task.add_done_callback(self._opening.pop)

    def watch(self, now: float) -> None:
        """Once a second: end what hangs or idles, send on what waits too long."""
        for session in list(self._sessions):
            if session.is_overdue:
                session.abort("the server did not answer in time")
            elif session.is_idle and not self.waiting and now - session.idle_since > self._limits.idle_seconds:
                session.quit()
        for queue in (self._urgent, self._bulk):
            while queue and now - queue[0].queued_at > self._limits.wait_seconds:
                parcel = queue.popleft()
                result = Result.RETRY if parcel.tries else Result.BUSY
                parcel.on_done(parcel, Outcome(result, "4.4.5", "the destination is busy"))
        self._let_rest()
        self.pump()

    def withdraw(self, is_wanted: Callable[[Parcel], bool]) -> list[Parcel]:
        """Take out what waits and is wanted; nobody is told of it."""
        taken: list[Parcel] = []
        for queue in (self._urgent, self._bulk):
            taken += (some := [parcel for parcel in queue if is_wanted(parcel)])
            if some:
                left = [parcel for parcel in queue if not is_wanted(parcel)]
                queue.clear()
                queue.extend(left)
        self._let_rest()
        return taken

    def give_back(self) -> None:
        """Hand everything that waits back to the retry schedule (shutdown)."""
        self._give_up(Outcome(Result.BACK, "4.3.2", "the sender is stopping"))

    def close(self) -> None:
        for session in list(self._sessions):
            session.quit() if session.is_idle else session.abort("the sender is stopping")

    def _give_up(self, outcome: Outcome) -> None:
        for queue in (self._urgent, self._bulk):
            while queue:
                parcel = queue.popleft()
                parcel.on_done(parcel, outcome)
        self._let_rest()

    def _let_rest(self) -> None:
        """Where nothing waits any more, no connection waits for the provider's rate: each may make way for others."""
        if self.waiting:
            return
        for place in self._places.values():
            if place.is_paced:
                place.is_paced = False
                asyncio.get_running_loop().call_soon(place.make_way)

    # Sessions

    def _next(self, place: Place) -> Parcel | None:
        queue = self._urgent or self._bulk
        if not queue or (queue is self._bulk and not place.may_take_bulk()):
            place.is_paced = False
            asyncio.get_running_loop().call_soon(place.make_way)
            return None
        if not place.may_begin(self.pump, urgent=bool(self._urgent)):
            return None
        self._in_flight += 1
        parcel = queue.popleft()
        self._let_rest()
        return parcel

    def _make_session(self, place: Place, host: str) -> Session:
        host = "" if self._patient else host  # our own smarthost's name is the operator's, not for who sends
        return Session(
            next_envelope=partial(self._next, place),
            on_settled=partial(self._on_settled, host),
            on_dropped=partial(self._on_dropped, host),
            on_closed=self._on_closed,
            message_limit=place.allowance.messages or self._limits.messages,
        )

    async def _open(self, place: Place) -> None:
        """:param place: where one is taken; it is given back where no connection comes of it."""
        session: Session | None = None
        try:
            peers = await self._peers()
            if self._is_given_another(place, peers):
                return
            session = await self._connect(peers, place)
        except NotPublic as error:  # says nothing of the person, and will not pass
            self._give_up(Outcome(Result.SOFT, error.code, error.detail))
        except NoRoute as error:
            self._give_up(Outcome(Result.HARD if error.permanent else Result.RETRY, error.code, error.detail))
        except ConnectFailed as error:
            self._on_connect_failed(error)
        except Exception as error:  # of this destination alone: the others' mail goes on
            log.error("connection_not_opened", error=error, exc_info=error)
            self._on_connect_failed(ConnectFailed("4.3.0", "no connection could be made"))
        finally:
            if session is None:
                place.leave()
        if session is not None:
            self._failures = 0
            self._closed_until = 0.0
            self._sessions.add(session)
            self._places[session] = place
            place.holder = session
            session.start()

    def _is_given_another(self, place: Place, peers: list[Peer]) -> bool:
        """Whether the hosts turn out to be a provider's, whose allowance counts from here on."""
        if self._allowances is not None:
            found = self._allowances.of([peer.host for peer in peers])
            self._allowances = None
            self._allowance = found or self._allowance
            asyncio.get_running_loop().call_soon(self.pump)
        return self._allowance is not place.allowance

    async def _connect(self, peers: list[Peer], place: Place) -> Session:
        failures: list[ConnectFailed] = []
        for peer in peers:
            try:
                return await open_session(peer, partial(self._make_session, place, peer.host))
            except ConnectFailed as error:
                error.host = peer.host
                failures.append(error)
        raise max(failures, key=hope, default=ConnectFailed("4.4.1", "no host to connect to"))

    def _on_connect_failed(self, error: ConnectFailed) -> None:
        wait = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
        self._failures += 1
        self._closed_until = time.monotonic() + wait
        if self._patient:
            if self._failures == 1:  # its operator finds out here alone: whoever sends only waits
                log.warning("smarthost_unusable", code=error.code, detail=error.detail)
        elif not self._sessions:
            self._give_up(of_host(error, self._allowance.name))

    def _on_settled(self, host: str, parcel: Any, stage: Stage, reply: Reply) -> None:
        self._in_flight -= 1
        if self._patient:
            parcel.on_done(parcel, of_smarthost(stage, reply))
            return
        of = None if reply.accepts else about(stage, reply)
        if of is About.LOAD:
            self._allowance.slow_down()
        outcome = Outcome(
            judged(stage, reply),
            reply.status,
            reply.text[:200],
            is_block=is_block(stage, reply),
            provider=self._allowance.name,
            is_of_mailbox=of is About.MAILBOX,
            peer=host,
        )
        parcel.on_done(parcel, outcome)

    def _on_dropped(self, host: str, parcel: Any, ending: Ending, reason: str) -> None:
        self._in_flight -= 1
        if self._patient:
            reason = SMARTHOST_ENDED  # the server's words are its operator's
        if ending is Ending.LOST:
            parcel.on_done(parcel, Outcome(Result.LOST, "4.4.2", reason[:200], peer=host))
            return
        parcel.tries += 1
        if not parcel.may_leave(parcel):
            parcel.on_done(parcel, Outcome(Result.BACK, "4.4.2", reason[:200], peer=host))
        elif parcel.tries >= MAX_TRIES:
            parcel.on_done(parcel, Outcome(Result.RETRY, "4.4.2", reason[:200], peer=host))
        else:
            (self._urgent if parcel.urgent else self._bulk).appendleft(parcel)

    def _on_closed(self, session: Session, reason: str) -> None:
        if self._patient:
            log.info("smarthost_connection_ended", reason=reason)
        self._sessions.discard(session)
        if (place := self._places.pop(session, None)) is not None:
            place.leave()
        if self.waiting:
            asyncio.get_running_loop().call_soon(self.pump)
