"""A gateway with everything around it replaced by small fakes, for unit tests."""

import base64
import threading
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from api_gateway.access import Access
from api_gateway.addresses import ClientAddress, GlobalRules
from api_gateway.app import create_app
from api_gateway.ceilings import Slots
from api_gateway.config import Config
from api_gateway.health import Readiness
from api_gateway.idempotency import Idempotency
from api_gateway.limits import RateLimiter
from api_gateway.tracking.brands import Brands
from api_gateway.tracking.endings import Endings
from api_gateway.tracking.named_links import NamedLinks
from api_gateway.tracking.preferences import Preferences
from api_gateway.tracking.recorder import Recorder
from api_gateway.tracking.short_links import ShortLinks
from api_gateway.tracking.spool import Spool
from api_gateway.wiring import Wiring
from contracts.errors import Unauthenticated

pytest_plugins = ["chassis.testing"]

LINK_KEY = b"fedcba9876543210fedcba9876543210"
ACCOUNT = "0193a6f2-0000-7000-8000-00000000000a"


class FakeServices:
    """Answers RPC from a dictionary of functions and remembers what was asked."""

    def __init__(self):
        self.calls = []
        self.answers = {"identity.authenticate": self._authenticate}
        self.principals = {}

    def call(self, name, actor, payload, *, deadline=10.0):
        self.calls.append((name, actor, payload))
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer(actor, payload) if callable(answer) else answer

    def asked(self, name):
        return [(actor, payload) for called, actor, payload in self.calls if called == name]

    def _authenticate(self, actor, payload):
        if payload["token"] not in self.principals:
            raise Unauthenticated("session.invalid", "This session has ended.")
        return {"principal": self.principals[payload["token"]]}


class FakePublisher:
    """A broker that keeps what it confirms; away while `is_connected` is false."""

    def __init__(self):
        self.is_connected = True
        self.lane, self.events = [], []
        self.fails = False

    def publish(self, routing_key, body):
        return self._confirm(self.lane, (routing_key, body))

    def publish_event(self, event, body):
        return self._confirm(self.events, (event, body))

    def _confirm(self, kept, message):
        confirmed = Future()
        if self.fails:
            confirmed.set_exception(ConnectionError("gone"))
        else:
            kept.append(message)
            confirmed.set_result(None)
        return confirmed


@contextmanager
def no_database():
    raise AssertionError("this test has no database")
    yield


@pytest.fixture
def services():
    return FakeServices()


@pytest.fixture
def publisher():
    return FakePublisher()


@pytest.fixture
def make_wiring(services, publisher, tmp_path):
    """`make_wiring(account_rate=3)`: the wiring over fakes; keywords are settings of Config, or parts of the wiring."""

    def make(transaction=no_database, lease=None, slots=None, **settings):
        config = Config(
            amqp_url="amqp://nowhere",
            database_url="postgresql://nowhere",
            link_keys=base64.b64encode(LINK_KEY).decode(),
            spool_folder=str(tmp_path / "spool"),
            **settings,
        )
        recorder = Recorder(Spool(config.spool_folder, config.spool_limit), publisher)
        return Wiring(
            config=config,
            services=services,
            access=Access(services, is_heard=lambda: True, remember_seconds=config.access_cache_seconds),
            client_address=ClientAddress(config.trusted_proxies),
            operator_rules=GlobalRules(config.operator_networks, ()),
            global_rules=GlobalRules(config.allowed_networks, config.blocked_networks),
            limiter=RateLimiter(lease or (lambda _subject, _start, wanted, limit: (wanted, limit - wanted))),
            idempotency=Idempotency(transaction),
            recorder=recorder,
            readiness=Readiness({"spool": recorder.check}),
            link_keys=config.link_key_list(),
            stop=threading.Event(),
            slots=slots or Slots(transaction),
            endings=Endings(transaction, days=config.link_days, denied_domains=config.denied_domains),
            short_links=ShortLinks(transaction, config.link_key_list()),
            brands=(brands := Brands(transaction)),
            named_links=NamedLinks(transaction),
            preferences=Preferences(transaction, brands),
        )

    return make


@pytest.fixture
def make_client(make_wiring):
    """`make_client(routes, **settings)`: Flask's test client over the gateway with these routes."""

    def make(routes=None, **settings):
        return create_app(make_wiring(**settings), routes).test_client()

    return make


@pytest.fixture
def log_in(services):
    """`log_in(permissions=[…], kind="api_key")` gives the headers of somebody who may do that."""
    import hashlib

    def make(token="t0ken", *, permissions=(), kind="session", account_id=ACCOUNT, **more):
        services.principals[hashlib.sha256(token.encode()).hexdigest()] = {
            "account_id": account_id,
            "user_id": "0193a6f2-0000-7000-8000-00000000000b",
            "session_id": None,
            "api_key_id": "0193a6f2-0000-7000-8000-00000000000c" if kind == "api_key" else None,
            "operator_id": "0193a6f2-0000-7000-8000-00000000000d" if kind == "operator" else None,
            "permissions": list(permissions),
            "kind": kind,
            "expires_at": "2099-01-01T00:00:00+00:00",
            "ip_rules": {"panel": [], "api": []},
            "key_ip_list": [],
            **more,
        }
        return {"Authorization": f"Bearer {token}"}

    return make
