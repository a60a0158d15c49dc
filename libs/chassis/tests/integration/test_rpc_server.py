"""Answers to calls on the real broker: none is lost with a connection, a worker, or an end of the service."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pika
import psycopg
import pytest

from chassis import testing
from chassis.rpc_client import RemoteFailure, RpcClient
from chassis.testing_proxies import Proxy

ACTOR = {"account_id": "0193a6f2-0000-7000-8000-00000000000a"}
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()"
LABELS = count(1)


@pytest.fixture(scope="module")
def greeter_database():
    with testing.unmigrated_database("greeter", lambda _connection: None) as url, psycopg.connect(url) as connection:
        connection.autocommit = True
        yield url, connection


@pytest.fixture(scope="module")
def proxy(amqp_url):
    address = pika.URLParameters(amqp_url)
    made = Proxy(address.host, address.port)
    made.url = amqp_url.replace(f":{address.port}/", f":{made.port}/")
    return made


@pytest.fixture(scope="module")
def greeter(launch_once, proxy, greeter_database):
    """A greeter whose own connections to the broker go through the proxy."""
    return launch_once(
        "greeter:PlainService",
        command=testing.nameko_command("greeter:PlainService", proxy.url),
        env={
            "GREETER_DATABASE_URL": greeter_database[0], "AMQP_URL": proxy.url,
            "PYTHONPATH": str(__file__).rsplit("/", 1)[0],
        },
    )  # fmt: skip


@pytest.fixture
def client(broker):
    return RpcClient(broker)


@pytest.fixture
def asleep(client, greeter, greeter_database):
    """Asks for a call that takes a second; returns its future once it is under way.

    Each call's statement has a label of its own: one whose acknowledgement was lost may run again beside it.
    """
    with ThreadPoolExecutor() as callers:

        def ask():
            label = f"call {next(LABELS)}"
            asked = callers.submit(client.call, "reporting.sleep", ACTOR, {"seconds": 1, "label": label}, deadline=90)
            is_under_way = lambda: greeter_database[1].execute(SLEEPING, [f"%/* {label} */%"]).fetchone()[0]  # noqa: E731
            testing.wait_until(is_under_way, what="the call's statement")
            return asked

        yield ask


def test_more_calls_than_workers_are_answered_each_by_its_own(greeter, client):
    with ThreadPoolExecutor(40) as callers:
        answers = list(callers.map(lambda n: client.call("reporting.greet", ACTOR, {"name": str(n)}), range(120)))

    assert [answer["greeting"] for answer in answers] == [f"Cześć, {number}!" for number in range(120)]
    assert "broker_connection" not in greeter.log_tail()


def test_what_is_no_json_or_no_call_is_a_failure_of_its_own(greeter, client):
    for name in ("reporting.answer_oddly", "reporting.unheard_of"):
        with pytest.raises(RemoteFailure):
            client.call(name, ACTOR, {})
    assert client.call("reporting.greet", ACTOR, {"name": "Ola"})["greeting"] == "Cześć, Ola!"


def test_an_answer_outlives_the_connection_that_its_request_came_by(asleep, proxy, client):
    asked = asleep()

    proxy.cut()

    assert asked.result() == {}
    assert client.call("reporting.greet", ACTOR, {"name": "Ola"}, deadline=20)["greeting"] == "Cześć, Ola!"


def test_a_service_that_stops_answers_what_it_has_begun_and_takes_nothing_more(asleep, greeter, client, broker):
    asked = asleep()

    greeter.ask_to_stop()
    with ThreadPoolExecutor() as callers:
        assert asked.result() == {}
        assert greeter.stop() == 0
        # What comes now waits for the next that runs; a worker that is killed has taken nothing with it either.
        waiting = callers.submit(client.call, "reporting.sleep", ACTOR, {"seconds": 0.5}, deadline=90)
        greeter.start().wait_ready()
        assert waiting.result() == {}


def test_a_request_whose_service_is_killed_is_answered_by_the_next(asleep, greeter):
    asked = asleep()

    greeter.kill()
    greeter.start().wait_ready()

    assert asked.result() == {}
