"""A broker that takes nothing (an alarm of memory or disk): not ready, and whoever publishes hears of it at once."""

from __future__ import annotations

import threading

import pytest

from chassis import testing
from chassis.broker import BLOCKED, PROBE, Broker
from chassis.bus_messages import BrokerBlocked, PublishFailed
from chassis.rpc_client import RpcClient
from contracts.errors import Unavailable


@pytest.fixture
def broker() -> Broker:
    """As one that is connected; the real alarm would stop every other test at the same node."""
    made = Broker("amqp://guest:guest@127.0.0.1:1/")
    made._ready.set()
    return made


def test_who_publishes_hears_of_it_and_goes_on_afterwards(broker: Broker) -> None:
    broker._on_blocked("low on memory")
    with pytest.raises(BrokerBlocked):
        broker.ping()
    with pytest.raises(PublishFailed, match="takes no messages"):
        broker.publish("lane.sms.bulk", b"{}").result(0)
    assert BLOCKED._value.get() == 1

    broker._on_unblocked()
    broker.ping()
    assert not broker.publish("lane.sms.bulk", b"{}").done()


def test_what_is_on_its_way_is_told_of_it_too(broker: Broker) -> None:
    waiting = broker.publish("lane.sms.bulk", b"{}")
    broker._unconfirmed[1] = broker._outgoing.popleft()
    broker._on_blocked("low on memory")
    with pytest.raises(PublishFailed, match="takes no messages"):
        waiting.result(0)


def test_who_waits_for_an_answer_is_told_of_it_too(broker: Broker) -> None:
    client, told = RpcClient(broker), []
    client._subscribed.set()

    def ask() -> None:
        try:
            client.call("contacts.get_contact", {}, {}, deadline=60)
        except Unavailable as error:
            told.append(error.code)

    asking = threading.Thread(target=ask)
    asking.start()
    testing.wait_until(lambda: broker._outgoing)
    broker._on_blocked("low on memory")
    asking.join(10)
    assert told == ["service.unanswered"]  # it may have been done

    ask()
    assert told[1:] == ["broker.unavailable"]  # it was not even asked


def test_who_only_consumes_publishes_nothing_when_asked(broker: Broker) -> None:
    """Of a connection that has published a broker with an alarm reads no acknowledgements either."""
    broker.ping()
    assert not broker._outgoing

    broker.publish("lane.sms.bulk", b"{}")
    broker.ping()
    assert [message.routing_key for message in broker._outgoing] == ["lane.sms.bulk", PROBE]


def test_a_new_connection_is_told_anew(broker: Broker) -> None:
    broker._on_blocked("low on disk")
    broker._forget_connection()
    broker._ready.set()
    broker.ping()
