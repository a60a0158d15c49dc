"""A channel's outbound process, wired: lanes, loop, ledger's thread, publisher and upkeep."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from channel import campaign_states, claims, left_out, old_days, people, suspended_accounts
from channel.batches import Content
from channel.lane_publisher import LanePublisher
from channel.ledger_thread import LedgerThread
from channel.loop import Loop
from channel.outlets import Chunk
from channel.ports import Outbound
from channel.suspended_accounts import EVERYBODY
from channel.upkeep import Upkeep
from chassis import seals
from chassis.backlogs import Backlog, age_of, count_of
from chassis.bus_messages import Delivery
from chassis.database import cursor_of
from chassis.health import Pulse
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.process import Process
from chassis.rpc_client import RpcClient
from contracts.channel import CHANNELS
from contracts.lanes import channel_lane
from contracts.vocabulary import Lane

LEDGER_POOL_SIZE = 2
# The loop and the threads take turns on the GIL. A claim asks the server a dozen times, and after each answer waits for
# its turn: beside two busy threads a fifth of a second at Python's 5 ms, and less than half of that so.
SWITCH_SECONDS = 0.0005
UPKEEP_STOP_SECONDS = 5.0
RENEW_SECONDS = 2.0  # `instances.LEASE_SECONDS` over what a claim needs
OLD_DAYS_SECONDS = 3600.0
ADOPT_SECONDS = 30.0
_HANDSHAKE = "SSL handshake failed"  # asyncio.sslproto


def _overdue(kind: str, which: str) -> str:
    return (
        f"SELECT '{kind}', (SELECT greatest(0, extract(epoch FROM now() - due_at)) FROM retries WHERE {which}"
        " ORDER BY due_at LIMIT 1)"
    )


BACKLOGS = (
    count_of("wici_retries_waiting", "Messages in the retry schedule", "retries"),
    Backlog(
        "wici_retries_overdue_seconds",
        "Since when the most overdue of them should have been tried, single messages and campaigns'",
        f"{_overdue('single', 'campaign_id IS NULL')} UNION ALL {_overdue('campaign', 'campaign_id IS NOT NULL')}",
        ("kind",),
    ),
    age_of("wici_claims_oldest_seconds", "Age of the oldest claim that is not settled", "claimed_at", "claims"),
    count_of("wici_lane_outbox_waiting", "Lane messages that the broker has not confirmed", "lane_outbox"),
    count_of("wici_quota_leases", "Leases of quota that are open or not settled yet", "quota_leases"),
    age_of(
        "wici_quota_leases_ending_seconds",
        "Since when the longest unused of those that end was last used, and is not settled",
        "coalesce(used_at, opened_at)",
        "quota_leases WHERE is_ending",
    ),
    Backlog(
        "wici_quarantine_seconds",
        "Since when nothing leaves after a restore",
        "SELECT greatest(0, extract(epoch FROM now() - min(changed_at))) FROM account_suspensions"
        f" WHERE account_id = '{EVERYBODY}' AND is_suspended",
    ),
)

log = get_logger()


class OutboundProcess:
    """Runs one channel's outbound until the process is told to end.

    :param outbound: makes what is the channel's own, on the running loop.
    :param linger: seconds that outcomes gather before they are committed together.
    """

    def __init__(self, process: Process[Any], outbound: Callable[[], Outbound], *, linger: float) -> None:
        self._process = process
        process.backlogs.add(*BACKLOGS)
        self._make_outbound = outbound
        # One connection for each of the ledger's threads.
        self._ledger_database = process.open_database(pool_size=LEDGER_POOL_SIZE)
        self._linger = linger
        self._instance_id: UUID = new_id()
        self._lease, self._has_left = threading.Lock(), False

    def run(self) -> None:
        """Blocks until the process's `stop`; then what is under way is finished or given back."""
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            asyncio.run(self._run())
        finally:
            self._ledger_database.dispose()

    async def _run(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._on_loop_error)
        self._outbound = self._make_outbound()
        loop = Loop(self._outbound, self._load_content)
        threads = self._ledger_thread(loop, linger=self._linger), self._ledger_thread(loop, linger=0.0)
        loop.ledger, loop.claims_at_once = threads
        publisher = loop.publisher = LanePublisher(self._process.broker, loop.ledger.published)
        upkeep = self._upkeep(loop, publisher)
        self._outbound.attach(loop, upkeep)
        await asyncio.to_thread(upkeep.start_up)
        pulse = Pulse(asyncio.get_running_loop())
        checks = {"ledger": loop.ledger.check, "claims": loop.claims_at_once.check}
        self._process.checks |= {**checks, "upkeep": upkeep.check, "loop": pulse.check}
        for thread in threads:
            thread.on_work = upkeep.waker.set
            thread.start()
        self._process.every(RENEW_SECONDS, partial(self._renew, upkeep), "lease")
        self._process.background(upkeep.run, "upkeep")
        self._process.every(OLD_DAYS_SECONDS, self._look_after_old_days, "old-days")
        await self._outbound.start_up()
        await self._watch_what_stops(loop)
        self._consume(loop)
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        await asyncio.to_thread(self._process.stop.wait)
        await self._shut_down(loop, upkeep)

    def _ledger_thread(self, loop: Loop, *, linger: float) -> LedgerThread:
        return LedgerThread(
            self._ledger_database, self._outbound.ledger, self._instance_id, loop.on_committed, self._process.fail,
            linger,
        )  # fmt: skip

    async def _watch_what_stops(self, loop: Loop) -> None:
        """Paused and ended campaigns, suspended accounts: known before the first batch is taken, then followed."""
        running, database = asyncio.get_running_loop(), self._process.database
        watches = (
            campaign_states.watch(database, lambda them: running.call_soon_threadsafe(loop.stop_campaigns, them)),
            suspended_accounts.watch(database, lambda them: running.call_soon_threadsafe(loop.suspend_accounts, them)),
        )
        for watch in watches:
            await asyncio.to_thread(watch.look)
            self._process.background(watch.run, watch.name)

    def _renew(self, upkeep: Upkeep) -> None:
        with self._lease:  # not after the instance has left: it would be there again
            if not self._has_left:
                upkeep.renew()

    def _look_after_old_days(self) -> None:
        """Partitions that are kept no longer go, and those that are written to no more get the index by which a person
        is found; it may take minutes."""
        outbound, engine, now = self._outbound, self._process.database.engine, datetime.now(UTC)
        old_days.forget(engine, outbound.partitioned, outbound.kept_days, now)
        people.index_cold(engine, now)

    def _upkeep(self, loop: Loop, publisher: LanePublisher) -> Upkeep:
        running = asyncio.get_running_loop()
        client = RpcClient(self._process.broker, seals.passed_on)
        return Upkeep(
            self._process.database,
            self._outbound,
            self._instance_id,
            publisher,
            ask=left_out.asker(client.call, CHANNELS[self._outbound.channel].service, self._outbound.channel),
            room=loop.room_for_retries,
            on_due=lambda chunks: _adopt(running, loop, chunks),
        )

    async def _shut_down(self, loop: Loop, upkeep: Upkeep) -> None:
        # The upkeep first: what it takes out of the schedule must still find the ledger.
        await asyncio.to_thread(upkeep.stop, UPKEEP_STOP_SECONDS)
        await loop.stop()
        threads = (loop.claims_at_once, loop.ledger)
        has_ended = await asyncio.gather(*(asyncio.to_thread(thread.stop) for thread in threads))
        if all(has_ended) and not self._process.has_failed:
            await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        """Release what is claimed. Not where outcomes are missing: then the claims are a sweeper's, once the lease is
        over."""
        with self._lease:
            self._has_left = True
        with self._process.database.transaction() as session:
            claims.leave(cursor_of(session), self._instance_id)

    def _consume(self, loop: Loop) -> None:
        running = asyncio.get_running_loop()
        for lane, prefetch in self._outbound.prefetch.items():

            def on_delivery(delivery: Delivery, lane: Lane = lane) -> None:
                running.call_soon_threadsafe(loop.on_delivery, lane, delivery)

            self._process.broker.consume(channel_lane(self._outbound.channel, lane), on_delivery, prefetch=prefetch)

    def _load_content(self, content_hash: str) -> Content | None:
        with self._process.database.transaction() as session:
            return self._outbound.load_content(session, content_hash)

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A failed callback may have dropped claimed messages: end, and let the sweepers settle what was claimed."""
        error = context.get("exception")
        # "Exception in callback name(…)": asyncio prints what the callback was given, which may be a person's.
        log.error("loop_error", message=str(context.get("message")).partition("(")[0], error=error, exc_info=error)
        if _may_have_dropped(context):
            self._process.fail()


def _may_have_dropped(context: dict[str, Any]) -> bool:
    """Whether what failed may have had claimed messages in hand: a callback, a task, or what a connection received.

    What the network raises is no fault of ours, and before the handshake of TLS has ended a connection has no messages:
    there a certificate that cannot be read would end every process that asks its host.
    """
    if "handle" in context or "task" in context or isinstance(context.get("future"), asyncio.Task):
        return True
    is_of_peer = isinstance(context.get("exception"), OSError) or str(context.get("message")).startswith(_HANDSHAKE)
    return "protocol" in context and not is_of_peer


def _adopt(running: asyncio.AbstractEventLoop, loop: Loop, chunks: list[Chunk]) -> None:
    """Hand chunks to the loop and wait until it has them, so that the next look at its room counts them."""

    async def adopt() -> None:
        loop.adopt(chunks)

    asyncio.run_coroutine_threadsafe(adopt(), running).result(ADOPT_SECONDS)
