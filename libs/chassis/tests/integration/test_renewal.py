"""A queue is made anew with other arguments on a real RabbitMQ: nothing in it or on its way to it is lost."""

import threading
import time

import pika
import pytest

from chassis import renewal, topology
from chassis.ids import new_id
from chassis.renewal import Bound
from contracts.lanes import BATCHES_DONE

EXCHANGE = "amq.topic"


@pytest.fixture
def connection(amqp_url):
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    yield connection
    if connection.is_open:
        connection.close()


@pytest.fixture
def old(connection):
    """A queue as an earlier version declared it, with ten messages."""
    queue = f"renewed.{new_id()}"
    old = Bound(queue, topology.quorum_arguments(queue, 20), EXCHANGE, (queue, f"{queue}.too"))
    renewal.declare(connection, old)
    yield old
    for name in (old.queue, old.aside):
        connection.channel().queue_delete(name)


@pytest.fixture
def new(old):
    return Bound(old.queue, topology.quorum_arguments(old.queue, 500), EXCHANGE, old.routing_keys)


def publish(connection, bound, numbers):
    channel = connection.channel()
    channel.confirm_delivery()
    for number in numbers:
        key = bound.routing_keys[number % 2]
        channel.basic_publish(bound.exchange, key, str(number).encode(), mandatory=True)


def taken(connection, bound):
    channel = connection.channel()
    bodies = []
    while (message := channel.basic_get(bound.queue, auto_ack=True))[0]:
        bodies.append(int(message[2]))
    return bodies


def stands_with(connection, bound):
    """The broker refuses the declaration of a queue with any other arguments."""
    connection.channel().queue_declare(bound.queue, durable=True, arguments=bound.arguments)
    with pytest.raises(pika.exceptions.ChannelClosedByBroker):
        connection.channel().queue_declare(bound.aside, passive=True)
    return True


def test_what_lies_in_it_keeps_its_order(connection, old, new):
    publish(connection, old, range(10))

    renewal.declare(connection, new)

    publish(connection, new, range(10, 13))
    assert stands_with(connection, new)
    assert taken(connection, new) == list(range(13))


def test_what_is_published_meanwhile_is_not_lost(connection, old, new, amqp_url, monkeypatch):
    monkeypatch.setattr(renewal, "LATE_SECONDS", 0.1)
    over = threading.Event()
    published = []

    def keep_publishing():
        publisher = pika.BlockingConnection(pika.URLParameters(amqp_url))
        channel = publisher.channel()
        channel.confirm_delivery()
        while not over.is_set():
            number = len(published)
            key = old.routing_keys[number % 2]
            channel.basic_publish(EXCHANGE, key, str(number).encode(), mandatory=True)
            published.append(number)
            publisher.sleep(0.01)
        publisher.close()

    thread = threading.Thread(target=keep_publishing)
    thread.start()
    for wanted in (new, old, new):
        renewal.declare(connection, wanted)
    over.set()
    thread.join()

    assert published
    assert set(taken(connection, new)) == set(published)


def test_while_somebody_reads_it_stays_as_it_is(connection, old, new, amqp_url, monkeypatch):
    monkeypatch.setattr(renewal, "GONE_SECONDS", 0.2)
    publish(connection, old, range(3))
    reader = pika.BlockingConnection(pika.URLParameters(amqp_url))
    in_hand = reader.channel().consume(old.queue)
    next(in_hand)

    renewal.declare(connection, new)

    assert stands_with(connection, old)
    reader.close()
    renewal.declare(connection, new)
    assert stands_with(connection, new)
    assert sorted(taken(connection, new)) == [0, 1, 2]


def test_who_has_a_message_in_hand_and_is_about_to_go_is_waited_for(connection, old, new, amqp_url):
    publish(connection, old, range(3))
    leaver = pika.BlockingConnection(pika.URLParameters(amqp_url))
    assert leaver.channel().basic_get(old.queue)[0]
    going = threading.Timer(0.5, leaver.close)
    going.start()

    renewal.declare(connection, new)
    going.join()

    assert stands_with(connection, new)
    assert sorted(taken(connection, new)) == [0, 1, 2]


def test_readers_that_stay_are_waited_for_once_for_all_queues_on_few_channels(old, new, amqp_url, monkeypatch):
    monkeypatch.setattr(renewal, "GONE_SECONDS", 3_600.0)
    few = pika.URLParameters(amqp_url)
    few.channel_max = 8
    connection, reader = pika.BlockingConnection(few), pika.BlockingConnection(pika.URLParameters(amqp_url))
    reader.channel().basic_consume(old.queue, lambda *_: None)
    until = time.monotonic() + 1.0

    for _ in range(3):
        renewal.declare(connection, new, until)

    assert time.monotonic() >= until
    assert stands_with(connection, old)
    reader.close()
    connection.close()


@pytest.mark.parametrize("step", ["queue_bind", "queue_unbind", "queue_delete", "basic_ack", "queue_declare"])
@pytest.mark.parametrize("nth", [1, 2])
def test_whoever_dies_in_the_middle_loses_nothing(connection, old, new, monkeypatch, step, nth):
    """Dies after the first or the second such step; the next declaration goes on."""
    monkeypatch.setattr(renewal, "LATE_SECONDS", 0.0)
    publish(connection, old, range(5))
    channel_class = type(connection.channel())
    act, calls = getattr(channel_class, step), []

    def die_after(self, *arguments, **options):
        result = act(self, *arguments, **options)
        calls.append(arguments)
        if len(calls) == nth:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(channel_class, step, die_after)
        renewal.declare(connection, new)

    renewal.declare(connection, new)

    assert stands_with(connection, new)
    assert set(taken(connection, new)) == set(range(5))


def test_a_batch_outlives_a_hundred_readers_that_go_with_it_in_hand(broker, amqp_url):
    """They are killed while it waits behind others: that is no fault of the batch."""
    broker.publish(BATCHES_DONE, b"a batch").result(10)
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    for _ in range(100):
        channel = connection.channel()
        _, method, body = next(reads(channel))
        assert body == b"a batch"
        channel.close()  # with the message unsettled, as when the process is killed

    channel = connection.channel()
    _, method, body = next(reads(channel))
    assert (body, method.redelivered) == (b"a batch", True)
    channel.basic_ack(method.delivery_tag)
    connection.close()


def reads(channel):
    for method, properties, body in channel.consume(BATCHES_DONE, inactivity_timeout=10):
        yield properties, method, body
