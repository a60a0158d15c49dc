"""The wiring of a worker process: its connections, threads and caches, made once, after the fork."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from flask import g, request
from sqlalchemy import text

from api_gateway import ceilings, store
from api_gateway.access import Access
from api_gateway.account_closing import AccountClosing
from api_gateway.account_suspension import AccountSuspension
from api_gateway.addresses import ClientAddress, GlobalRules
from api_gateway.ceilings import Slots, UnderWay
from api_gateway.clients import Broadcast, Bus, Services, gathering_client
from api_gateway.config import DEFAULT_THREADS, Config
from api_gateway.directory import Directory
from api_gateway.health import Readiness
from api_gateway.idempotency import KEEP, Idempotency
from api_gateway.limits import RateLimiter
from api_gateway.tracking.brands import Brands, UnsubscribePageIntake
from api_gateway.tracking.endings import Endings
from api_gateway.tracking.lookups import Lookups
from api_gateway.tracking.named_links import NamedLinkIntake, NamedLinks
from api_gateway.tracking.preferences import (
    CampaignPageIntake,
    Preferences,
    PublicListIntake,
    WrittenPageIntake,
)
from api_gateway.tracking.recorder import Recorder
from api_gateway.tracking.short_links import ShortLinkIntake, ShortLinks
from api_gateway.tracking.spool import Spool
from api_gateway.turns import Turns
from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.health import Check
from chassis.logs import get_logger
from chassis.suspensions import SUSPENSIONS
from chassis.waking import Watch
from contracts.errors import Unavailable

SWEEP_SECONDS = 60.0
# A worker serves tracking links without the broker; it does not wait for it for long.
BROKER_PATIENCE = 3.0
POOL_SIZE = 5
# Of a worker's threads, one in so many may wait for who reads a download.
DOWNLOADERS = 4

log = get_logger()


@dataclass(frozen=True)
class Wiring:
    """Everything that one worker holds and closes; tests put fakes in."""

    config: Config
    services: Services
    access: Access
    client_address: ClientAddress
    global_rules: GlobalRules
    operator_rules: GlobalRules
    limiter: RateLimiter
    idempotency: Idempotency
    recorder: Recorder
    readiness: Readiness
    link_keys: list[bytes]
    stop: threading.Event
    slots: Slots
    endings: Endings
    short_links: ShortLinks
    brands: Brands
    named_links: NamedLinks
    preferences: Preferences
    # Of codes that are none: whose thread serves links waits for no database.
    guesses: RateLimiter = field(default_factory=lambda: RateLimiter(None))
    under_way: UnderWay = field(default_factory=UnderWay)
    threads: Turns = field(default_factory=lambda: Turns(DEFAULT_THREADS))
    downloads: Turns = field(default_factory=lambda: Turns(DEFAULT_THREADS // DOWNLOADERS))
    broker: Broker | None = None
    database: Database | None = None
    forms: Directory = field(default_factory=lambda: Directory("form"))
    carriers: Directory = field(default_factory=lambda: Directory("carrier"))
    whatsapp_hooks: Directory = field(default_factory=lambda: Directory("whatsapp_sender"))
    viber_hooks: Directory = field(default_factory=lambda: Directory("viber_bot"))
    rcs_agents: Directory = field(default_factory=lambda: Directory("agent"))

    def hold_place(self, subject: str, limit: int) -> Callable[[], None]:
        """A place for the request at hand: its thread's until it is answered, its own until that is sent.

        :param limit: of the subject at once; 0: no limit.
        :returns: gives it back before that.
        :raises TooManyRequests:
        """
        place, thread = ExitStack(), ExitStack()
        if limit <= 0:
            return place.close
        place.callback(self.under_way.take(subject, limit))
        # Without our own worker, as in tests, an answer is taken for sent when it is made.
        getattr(request.environ.get("gunicorn.socket"), "when_sent", g.held.callback)(place.close)
        if not self.threads.try_take(subject):
            raise ceilings.no_thread()
        thread.callback(self.threads.give_back, subject)
        g.held.callback(thread.close)

        def give_back() -> None:
            thread.close()
            place.close()

        return give_back

    def close(self) -> None:
        """Hand over what is spooled, and close the broker and the database."""
        self.stop.set()
        self.readiness.stop()
        self.recorder.close()
        if self.broker is not None:
            self.broker.close()
        if self.database is not None:
            self.database.dispose()


def build(config: Config) -> Wiring:
    """Connect and start everything; whatever does not answer now is connected to later."""
    link_keys = config.link_key_list()
    database = Database(make_engine(config.database_url, pool_size=POOL_SIZE, application_name="api_gateway"))
    broker = Broker(config.amqp_url, "api_gateway")
    services = Bus(gathering_client(broker), calls=config.calls, is_connected=lambda: broker.is_connected)
    access: Access
    broadcast = Broadcast(broker, lambda account_id: access.forget(account_id))
    access = Access(services, is_heard=lambda: broadcast.is_heard, remember_seconds=config.access_cache_seconds)
    try:
        broker.start(BROKER_PATIENCE)
    except Unavailable:
        log.warning("started_without_broker")
    recorder = Recorder(Spool(config.spool_folder, config.spool_limit), broker)
    stop = threading.Event()
    wiring = Wiring(
        config=config,
        services=services,
        access=access,
        client_address=ClientAddress(config.trusted_proxies),
        global_rules=GlobalRules(config.allowed_networks, config.blocked_networks),
        operator_rules=GlobalRules(config.operator_networks, ()),
        limiter=RateLimiter(lambda *window: _lease(database, *window)),
        idempotency=Idempotency(database.transaction),
        recorder=recorder,
        readiness=Readiness({"database": _patient_ping(database), "broker": broker.ping, "spool": recorder.check}),
        link_keys=link_keys,
        stop=stop,
        threads=Turns(config.threads),
        downloads=Turns(max(2, config.threads // DOWNLOADERS)),
        slots=Slots(database.transaction),
        endings=Endings(database.transaction, days=config.link_days, denied_domains=config.denied_domains),
        short_links=ShortLinks(database.transaction, link_keys),
        brands=(brands := Brands(database.transaction)),
        preferences=Preferences(database.transaction, brands),
        named_links=NamedLinks(database.transaction),
        broker=broker,
        database=database,
    )
    log.info("client_address", source=wiring.client_address.source, trusted_proxies=list(config.trusted_proxies))
    recorder.start()
    for name, run in (
        ("sweep", partial(_sweep, database, link_days=config.link_days)),
        ("endings", Watch(database, SUSPENSIONS, wiring.endings.look).run),
        ("closing", AccountClosing(broker, database).run),
        ("suspension", AccountSuspension(broker, database).run),
        ("short_links", ShortLinkIntake(broker, database).run),
        ("unsubscribe_pages", UnsubscribePageIntake(broker, database).run),
        ("written_pages", WrittenPageIntake(broker, database).run),
        ("campaign_pages", CampaignPageIntake(broker, database).run),
        ("public_lists", PublicListIntake(broker, database).run),
        ("named_links", NamedLinkIntake(broker, database).run),
    ):
        threading.Thread(target=run, args=(stop,), name=name, daemon=True).start()
    return wiring


def _patient_ping(database: Database) -> Check:
    """One that comes back from a database that hangs: it is asked by the threads that answer links."""
    lookups = Lookups(database.transaction, threads=1, rest_seconds=0.0)
    return lambda: lookups.ask(lambda session: session.execute(text("SELECT 1")))


def _lease(database: Database, subject: str, window_start: int, block: int, limit: int) -> tuple[int, int]:
    with database.transaction() as session:
        return store.lease(session, subject=subject, window_start=window_start, block=block, limit=limit)


def _sweep(database: Database, stop: threading.Event, link_days: int) -> None:
    while not stop.wait(SWEEP_SECONDS):
        now = datetime.now(UTC)
        try:
            with database.transaction() as session:
                store.sweep(session, now, keep=KEEP)
                if link_days:
                    store.forget_ended_accounts(session, before=now - timedelta(days=link_days))
                    store.forget_campaign_pages(session, before=now - timedelta(days=link_days))
                    store.forget_short_links(session, before=now - timedelta(days=link_days))
        except Exception as error:
            log.warning("sweep_failed", error=error)
