"""A dead service must not take the threads that serve the others."""

import threading

import pytest

from api_gateway.clients import STALLED_SECONDS, Bus
from contracts.errors import NotFound, Unavailable


class SomeDead:
    """`dead.*` never answers until `bury` is set; everything else does at once."""

    def __init__(self):
        self.bury = threading.Event()

    def call(self, name, actor, payload, *, deadline):
        if name.startswith("dead."):
            self.bury.wait(20)
            raise Unavailable("service.timeout", "")
        if name == "alive.refuse":
            raise NotFound("thing.not_found")
        return name


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def services():
    made = SomeDead()
    yield made
    made.bury.set()


@pytest.fixture
def bus(services, now):
    return Bus(services, calls=6, is_connected=lambda: True, clock=lambda: now[0])


def wait_for(bus, count):
    """`count` threads wait for the dead service."""

    def ask():
        with pytest.raises(Unavailable):
            bus.call("dead.ask", {"account_id": "a"}, {})

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    while bus._waiting_by_service.get("dead") is None or bus._waiting_by_service["dead"].callers < count:
        pass
    return threads


def test_dead_service_is_refused_at_once_when_enough_wait(bus, services, now):
    threads = wait_for(bus, 3)
    now[0] += STALLED_SECONDS + 0.1

    with pytest.raises(Unavailable, match="stalled") as raised:
        bus.call("dead.ask", {}, {})

    assert raised.value.extra["retry_after"] > 0
    assert bus.call("alive.ask", {}, {}) == "alive.ask"
    services.bury.set()
    for thread in threads:
        thread.join(10)
    assert bus._waiting_by_service["dead"].callers == 0


def test_many_callers_of_a_service_that_answers_are_welcome(bus, now):
    wait_for(bus, 3)

    assert bus.call("alive.ask", {}, {}) == "alive.ask"
    with pytest.raises(NotFound):
        bus.call("alive.refuse", {}, {})


def test_patience_is_for_all_dead_services_together(bus, services, now):
    wait_for(bus, 3)
    now[0] += STALLED_SECONDS + 0.1

    assert bus._stalled_callers(now[0]) == 3
    with pytest.raises(Unavailable, match="stalled"):
        bus.call("dead.too", {}, {})


def test_without_the_broker_nobody_waits(services):
    bus = Bus(services, calls=6, is_connected=lambda: False)

    with pytest.raises(Unavailable, match="broker"):
        bus.call("dead.ask", {}, {})


def test_no_account_takes_the_turns_of_the_others(bus, services):
    """Six turns: one account has three of them at once, the fourth call of it waits, and another's does not."""
    wait_for(bus, 3)
    fourth = threading.Thread(target=bus.call, args=("alive.ask", {"account_id": "a"}, {}), daemon=True)
    fourth.start()

    assert bus.call("alive.ask", {"account_id": "b"}, {}) == "alive.ask"
    assert fourth.is_alive()
    services.bury.set()
    fourth.join(10)
    assert not fourth.is_alive()
