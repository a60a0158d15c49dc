"""From which address each mail leaves, live: what operators set is read every few seconds, what came of it is written.

A process is given half of what a warming address has left of its day, and half of the rest when that is used; it gives
back what it does not use for a minute, and when it ends. What a killed process had is sent by nobody on that day.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TypeVar
from uuid import UUID

import prometheus_client

from chassis.database import Database, Session
from chassis.logs import get_logger
from email_gateway.domain import ip_pools as rules
from email_gateway.domain.ip_pools import Answers, Pause, PoolKind
from email_gateway.domain.retrying import Result
from email_gateway.models import IpAddress
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.shaping import OTHER
from email_gateway.smtp.sources import Source
from email_gateway.store import ip_pool_use as use
from email_gateway.store import ip_pools as store

UNUSED_SECONDS = 60.0
MOST_PLACES = 50_000

PAUSES = prometheus_client.Gauge("wici_email_ip_pool_pauses", "Destinations at which a pool waits", ["pool"])
ADDRESSES = prometheus_client.Gauge(
    "wici_email_ip_addresses", "Addresses of pools, as this process can use them", ["pool", "state"]
)
USED, NOT_NAMED, NOT_HERE = "used", "not_named", "not_here"

_Day = tuple[UUID, date, str]
"""(pool id, day, destination)"""
K = TypeVar("K")
V = TypeVar("V")

log = get_logger()


class Held(Exception):
    """The mail can leave from nowhere now."""


@dataclass(slots=True)
class _Lease:
    """What this process may send from a warming address today."""

    day: date
    left: int = 0
    wanted_at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class _Pool:
    name: str
    kind: PoolKind
    is_paused: bool
    sources: Sequence[Source]


@dataclass(frozen=True)
class _Known:
    """What operators have set, as it was read last."""

    pools: Mapping[UUID, _Pool] = field(default_factory=dict)
    pool_of_account: Mapping[str, UUID] = field(default_factory=dict)
    limits: Mapping[UUID, int] = field(default_factory=dict)  # of warming addresses, today
    paused: frozenset[tuple[UUID, str]] = frozenset()
    states: Counter[tuple[str, str]] = field(default_factory=Counter)  # addresses by name of the pool and state

    @property
    def shared(self) -> list[tuple[UUID, _Pool]]:
        """Shared pools that have an address to send from."""
        return [each for each in self.pools.items() if each[1].kind is PoolKind.SHARED and each[1].sources]


class IpPools:
    """`choose` and `note` run on the loop's thread, the rest on the upkeep's."""

    def __init__(self, database: Database, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._database, self._today = database, today
        self._known = _Known()
        self._lock = threading.Lock()  # for what follows
        self._leases: dict[UUID, _Lease] = {}
        self._counts: dict[_Day, Counter[str]] = defaultdict(Counter)
        self._pauses: list[Pause] = []
        # On the loop's thread alone: which provider takes a domain's mail, and what was said to each pool there.
        self._providers: OrderedDict[str, str] = OrderedDict()
        self._answers: OrderedDict[tuple[UUID, str], Answers] = OrderedDict()

    # --- for each mail, on the loop

    def choose(self, account_id: str, recipient: str, *, urgent: bool) -> Source | None:
        """The address that the mail leaves from; None: the machine's own, where no shared pool has any.

        While a dedicated pool is paused its bulk waits; codes, and what is over its warm-up, leave from shared pools.

        :raises Held: the pool is paused, or no address may send more today.
        """
        known = self._known
        if not known.pools:
            return None
        place = self._place(recipient.rpartition("@")[2].lower())
        own_id = known.pool_of_account.get(account_id)
        own = known.pools.get(own_id) if own_id is not None else None
        if own_id is not None and own is not None:
            if not self._is_paused(own_id, own, place):
                if (source := self._take(own.sources, recipient)) is not None:
                    return source
            elif not urgent:
                raise Held
        shared = known.shared
        if not shared:
            return None
        pools = [pool for pool_id, pool in shared if not self._is_paused(pool_id, pool, place)]
        source = self._take([source for pool in pools for source in pool.sources], recipient)
        if source is None:
            raise Held
        return source

    def _place(self, domain: str) -> str:
        return self._providers.get(domain, domain)

    def _is_paused(self, pool_id: UUID, pool: _Pool, place: str) -> bool:
        return pool.is_paused or (pool_id, place) in self._known.paused

    def _take(self, sources: Sequence[Source], recipient: str) -> Source | None:
        for source in rules.in_order(recipient, sources):
            if source.address_id not in self._known.limits:
                return source
            with self._lock:
                lease = self._leases.get(source.address_id)
                if lease is not None:
                    lease.wanted_at = time.monotonic()
                if lease is not None and lease.left > 0:
                    lease.left -= 1
                    return source
        return None

    def note(self, source: Source, recipient: str, outcome: Outcome) -> None:
        """What became of a mail that was given to a connection, or was to be."""
        if outcome.result in (Result.BUSY, Result.BACK):
            self._return(source)
            return
        domain = recipient.rpartition("@")[2].lower()
        if outcome.provider not in (OTHER, ""):
            _remember(self._providers, domain, outcome.provider)
        with self._lock:
            self._counts[source.pool_id, self._today(), outcome.provider or OTHER][_kind(outcome)] += 1
        place = (source.pool_id, self._place(domain))
        answers = self._answers.get(place) or _remember(self._answers, place, Answers())
        if place in self._known.paused or not answers.note(is_block=outcome.is_block):
            return
        self._answers[place] = Answers(enough=rules.BLOCKS_AFTER_PAUSE)
        pause = Pause(*place, outcome.code, answers.blocks)
        self._known = replace(self._known, paused=self._known.paused | {place})
        with self._lock:
            self._pauses.append(pause)

    def _return(self, source: Source) -> None:
        with self._lock:
            lease = self._leases.get(source.address_id)
            if lease is not None and lease.day == self._today():
                lease.left += 1

    # --- now and then, on the upkeep's thread

    def refresh(self) -> None:
        """Write what came of it, and read what operators have set."""
        with self._lock:
            counts, self._counts = self._counts, defaultdict(Counter)
            pauses, self._pauses = self._pauses, []
        try:
            with self._database.transaction() as session:
                use.add_figures(session, counts)
                use.pause(session, pauses, now=datetime.now(UTC))
                known = self._read(session)
                granted = self._renew(session, known.limits)
        except Exception:  # the database is away: the next time
            self._gather_again(counts, pauses)
            raise
        self._known = known
        self._grant(granted)
        ADDRESSES.clear()
        for (name, state), count in known.states.items():
            ADDRESSES.labels(name, state).set(count)
        PAUSES.clear()
        for pool_id, pool in known.pools.items():
            PAUSES.labels(pool.name).set(sum(paused == pool_id for paused, _ in known.paused))
        for pause in pauses:
            _tell(pause, known)

    def close(self) -> None:
        """The process ends: what it has not sent is another's to send."""
        with self._lock:
            counts, self._counts = self._counts, defaultdict(Counter)
        try:
            with self._database.transaction() as session:
                use.add_figures(session, counts)
                self._renew(session, {})
        except Exception as error:  # nobody sends them today
            log.warning("ip_pools_not_left", error=error)

    def _gather_again(self, counts: Mapping[_Day, Counter[str]], pauses: Sequence[Pause]) -> None:
        with self._lock:
            for key, of in counts.items():
                self._counts[key].update(of)
            self._pauses[:0] = pauses

    def _read(self, session: Session) -> _Known:
        rows, today = store.pools(session), self._today()
        if not rows:
            return _Known()
        addresses = store.addresses(session, pool_ids=[row.pool_id for row in rows])
        limits, pools, states = dict[UUID, int](), dict[UUID, _Pool](), Counter[tuple[str, str]]()
        for row in rows:
            of_pool = [(each, _state(each)) for each in addresses.get(row.pool_id, ())]
            states.update((row.name, state) for _, state in of_pool)
            usable = [each for each, state in of_pool if state == USED]
            for each in usable:
                limit = rules.limit_of(each.warm_up, each.warm_up_from, today)
                limits |= {} if limit is None else {each.address_id: limit}
            sources = [Source(each.address_id, each.pool_id, each.address, each.ehlo_name) for each in usable]
            pools[row.pool_id] = _Pool(row.name, PoolKind(row.kind), row.is_paused, sources)
        paused = store.pauses(session, now=datetime.now(UTC))
        places = frozenset((pool_id, each.destination) for pool_id, of in paused.items() for each in of)
        return _Known(pools, store.assigned(session), limits, places, states)

    def _renew(self, session: Session, limits: Mapping[UUID, int]) -> Mapping[UUID, int]:
        """Leases of today: given back where nobody used them for a minute; what is granted where they are used up.

        What could not be given back is kept. Where only the commit fails, nobody knows: nobody sends it today.
        """
        today, granted, returned = self._today(), dict[UUID, int](), list[tuple[UUID, _Lease, int]]()
        try:
            for address_id in sorted({*limits, *self._leases}, key=str):  # in one order, as the rows are locked
                lease, unused = self._lease(address_id, today, is_limited=address_id in limits)
                if unused:
                    returned.append((address_id, lease, unused))
                    use.give_back(session, address_id=address_id, day=today, unused=unused)
                elif lease.left == 0 and time.monotonic() - lease.wanted_at < UNUSED_SECONDS and address_id in limits:
                    granted[address_id] = use.take(session, address_id=address_id, day=today, limit=limits[address_id])
        except Exception:
            self._keep(returned)
            raise
        return granted

    def _keep(self, returned: Sequence[tuple[UUID, _Lease, int]]) -> None:
        with self._lock:
            for address_id, lease, unused in returned:
                lease.left += unused
                self._leases[address_id] = lease

    def _lease(self, address_id: UUID, today: date, *, is_limited: bool) -> tuple[_Lease, int]:
        """The address' lease, and what of it is to be given back."""
        with self._lock:
            lease = self._leases.get(address_id)
            if lease is None or lease.day != today:
                lease = self._leases[address_id] = _Lease(today)
            is_unused = not is_limited or time.monotonic() - lease.wanted_at > UNUSED_SECONDS
            unused, lease.left = (lease.left, 0) if is_unused else (0, lease.left)
            if not is_limited:
                del self._leases[address_id]
            return lease, unused

    def _grant(self, granted: Mapping[UUID, int]) -> None:
        """Once it is committed: what was not would be sent twice."""
        with self._lock:
            for address_id, part in granted.items():
                self._leases[address_id].left += part


def _state(address: IpAddress) -> str:
    """Whether the address can be used here."""
    return NOT_NAMED if not address.is_named else USED if _is_here(address.address) else NOT_HERE


def _is_here(address: str) -> bool:
    """Whether this machine has the address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _tell(pause: Pause, known: _Known) -> None:
    pool = known.pools.get(pause.pool_id)
    name = pool.name if pool else ""
    log.error("ip_pool_paused", pool=name, destination=pause.destination, code=pause.code, refusals=pause.refusals)


def _kind(outcome: Outcome) -> str:
    """The figure that an outcome counts for."""
    if outcome.is_block:
        return "blocked"
    if outcome.result is Result.DELIVERED:
        return "delivered"
    return "deferred" if outcome.result in (Result.RETRY, Result.LOST) else "refused"


def _remember(known: OrderedDict[K, V], key: K, value: V) -> V:
    """The one that was added first is forgotten for the next one too many."""
    known[key] = value
    if len(known) > MOST_PLACES:
        known.popitem(last=False)
    return value
