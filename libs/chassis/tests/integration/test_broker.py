"""The broker connection on a real RabbitMQ."""

import queue
import threading
import time
from concurrent.futures import wait

import pika
import pytest

from chassis import testing
from chassis.broker import Broker
from chassis.bus_messages import PublishFailed
from chassis.rpc_client import RpcClient
from chassis.rpc_server import RpcConsumer
from chassis.testing_proxies import Proxy
from contracts.errors import Unavailable
from contracts.lanes import BATCHES_DONE, CHAIN_EVENTS, DELIVERY_EVENTS, ORDINARY_EVENTS, WEBHOOK_EVENTS


def drain(broker, lane):
    """Receive everything from a lane into a queue, unacked."""
    received: queue.Queue = queue.Queue()
    broker.consume(lane, received.put, prefetch=2000)
    return received


def test_many_are_confirmed_and_received_in_order(broker):
    received = drain(broker, BATCHES_DONE)

    confirmations = [broker.publish(BATCHES_DONE, str(number).encode()) for number in range(1000)]
    wait(confirmations, timeout=20)

    assert all(confirmation.exception() is None for confirmation in confirmations)
    deliveries = [received.get(timeout=10) for _ in range(1000)]
    assert [delivery.body for delivery in deliveries] == [str(number).encode() for number in range(1000)]
    for delivery in deliveries:
        delivery.ack()


def test_events_of_ordinary_campaigns_reach_all_but_the_chains(broker):
    received = {lane: drain(broker, lane) for lane in (DELIVERY_EVENTS, WEBHOOK_EVENTS, CHAIN_EVENTS)}

    for key, body in ((ORDINARY_EVENTS, b"ordinary"), (DELIVERY_EVENTS, b"any")):
        broker.publish(key, body).result(10)

    for lane, bodies in {
        DELIVERY_EVENTS: [b"ordinary", b"any"],
        WEBHOOK_EVENTS: [b"ordinary", b"any"],
        CHAIN_EVENTS: [b"any"],
    }.items():
        deliveries = [received[lane].get(timeout=10) for _ in bodies]
        assert [delivery.body for delivery in deliveries] == bodies
        for delivery in deliveries:
            delivery.ack()


def test_unacked_comes_again_after_a_lost_connection(amqp_url):
    host, port = amqp_url.split("@")[1].split("/")[0].split(":")
    proxy = Proxy(host, int(port))
    broker = Broker(amqp_url.replace(f":{port}/", f":{proxy.port}/"), "cut").start()
    received = drain(broker, DELIVERY_EVENTS)
    broker.publish(DELIVERY_EVENTS, b"once").result(10)
    first = received.get(timeout=10)

    proxy.cut()
    again = received.get(timeout=20)
    first.ack()  # of the dead connection: must neither raise nor settle the new delivery
    again.ack()

    assert again.body == b"once"
    assert again.redelivered
    broker.publish(DELIVERY_EVENTS, b"twice").result(10)
    last = received.get(timeout=10)
    assert (last.body, last.redelivered) == (b"twice", False)
    last.ack()
    broker.close()


def test_a_service_is_ready_for_calls_when_the_broker_says_so_and_not_before(amqp_url):
    host, port = amqp_url.split("@")[1].split("/")[0].split(":")
    proxy = Proxy(host, int(port))
    broker = Broker(amqp_url.replace(f":{port}/", f":{proxy.port}/"), "cut").start()
    calls = RpcConsumer()
    with pytest.raises(Unavailable, match="no calls yet"):
        calls.check()

    calls._consumer = broker.consume(
        "of-calls", lambda _: None, declare=lambda channel: channel.queue_declare("of-calls", exclusive=True)
    )
    testing.wait_until(lambda: calls._consumer.is_taking, what="the broker's word")
    calls.check()
    proxy.target = ("127.0.0.1", testing.free_port())
    proxy.cut()

    testing.wait_until(lambda: not broker.is_connected)
    with pytest.raises(Unavailable, match="no calls yet"):
        calls.check()
    broker.close()


def test_publishing_without_a_connection_fails_and_works_again_later(amqp_url):
    host, port = amqp_url.split("@")[1].split("/")[0].split(":")
    proxy = Proxy(host, int(port))
    broker = Broker(amqp_url.replace(f":{port}/", f":{proxy.port}/"), "cut").start()
    proxy.target = ("127.0.0.1", testing.free_port())
    proxy.cut()
    testing.wait_until(lambda: not broker.is_connected)

    with pytest.raises(PublishFailed):
        broker.publish(BATCHES_DONE, b"lost").result(5)
    proxy.target = (host, int(port))
    testing.wait_until(lambda: broker.is_connected, timeout=30)

    broker.publish(BATCHES_DONE, b"kept").result(5)
    received = drain(broker, BATCHES_DONE)
    delivery = received.get(timeout=10)
    assert delivery.body == b"kept"
    delivery.ack()
    broker.close()


def test_start_says_so_when_there_is_no_broker():
    with pytest.raises(Unavailable):
        Broker(f"amqp://guest:guest@127.0.0.1:{testing.free_port()}/x", "nobody").start(timeout=1)


def test_call_under_way_fails_at_once_when_the_connection_is_lost(amqp_url):
    address = pika.URLParameters(amqp_url)
    proxy = Proxy(address.host, address.port)
    broker = Broker(amqp_url.replace(f":{address.port}/", f":{proxy.port}/"), "test").start()
    client = RpcClient(broker)

    def declare(channel):
        channel.queue_declare("rpc-silent", exclusive=True)
        channel.queue_bind("rpc-silent", "nameko-rpc", routing_key="silent.*", callback=lambda _frame: bound.set())

    asked, bound = queue.Queue(), threading.Event()
    broker.consume("rpc-silent", asked.put, declare=declare)
    assert bound.wait(10)
    cutting = threading.Thread(target=lambda: (asked.get(timeout=10), proxy.cut()))
    cutting.start()
    started = time.monotonic()

    with pytest.raises(Unavailable, match=r"lost|did not confirm"):
        client.call("silent.ask", {}, {}, deadline=20.0)

    assert time.monotonic() - started < 5
    broker.close()
