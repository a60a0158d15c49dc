"""The Nameko side of the chassis on the real broker and database."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import uuid4

import orjson
import pika
import psycopg
import pytest
from sqlalchemy import MetaData, text

from chassis import outbox, tables, testing
from chassis.answers import AGAIN_SECONDS
from chassis.database import Database, make_engine
from chassis.health import WorkStalled
from chassis.outbox import Relay
from chassis.rpc_client import RemoteFailure, RpcClient
from chassis.topology import EVENT_DELIVERY_LIMIT, event_exchange, event_queue
from chassis.waking import REST_SECONDS
from contracts import events
from contracts.errors import Conflict, Unavailable

ACTOR = {"account_id": str(uuid4())}
QUEUE = event_queue(events.CAMPAIGN_STATE_CHANGED, "reporting", "record_campaign_state")


@pytest.fixture(scope="session")
def greeter_url():
    """A database with the chassis's tables and one of the greeter's own."""

    def make_tables(connection):
        metadata = MetaData()
        tables.outbox_table(metadata), tables.inbox_table(metadata)
        metadata.create_all(connection)
        connection.execute(text("CREATE TABLE seen (campaign_id uuid)"))

    with testing.unmigrated_database("greeter", make_tables) as url:
        yield url


@pytest.fixture
def launch_greeter(launch_service, greeter_url, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(__file__).rsplit("/", 1)[0])

    def start(**env):
        return launch_service("greeter:ReportingService", env={"GREETER_DATABASE_URL": greeter_url, **env})

    return start


@pytest.fixture(scope="module")
def launch_greeter_once(launch_once, amqp_url, greeter_url):
    """One greeter for the tests that leave it as they found it."""
    return launch_once(
        "greeter:ReportingService",
        command=testing.nameko_command("greeter:ReportingService", amqp_url),
        env={"GREETER_DATABASE_URL": greeter_url, "PYTHONPATH": str(__file__).rsplit("/", 1)[0]},
    )


@pytest.fixture
def client(broker):
    return RpcClient(broker)


def seen(url, campaign_id):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT count(*) FROM seen WHERE campaign_id = %s", (campaign_id,)).fetchone()[0]


def queue_depth(amqp_url, queue):
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        return connection.channel().queue_declare(queue, passive=True).method.message_count
    finally:
        connection.close()


def test_call_answers_and_errors_survive_the_wire(launch_greeter, client):
    launch_greeter()

    assert client.call("reporting.greet", ACTOR, {"name": "Łucja"})["greeting"] == "Cześć, Łucja!"
    assert client.call("reporting.relayed", ACTOR, {"name": "Ola"})["account_id"] == ACTOR["account_id"]
    with pytest.raises(Conflict) as refused:
        client.call("reporting.refuse", ACTOR, {})
    assert refused.value.code == "greeting.refused"
    assert refused.value.extra == {"limit": 3}
    assert refused.value.errors[0]["field"] == "name"
    with pytest.raises(RemoteFailure):
        client.call("reporting.crash", ACTOR, {})


def test_database_waits_do_not_block_other_workers(launch_greeter, client):
    """psycopg's C wait would stop the whole hub: ten sleeps of 2 s would then take 20 s."""
    launch_greeter()
    started = time.monotonic()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: client.call("reporting.sleep", ACTOR, {"seconds": 2}, deadline=30), range(10)))

    assert time.monotonic() - started < 10


def test_deadline_ends_a_call_and_an_unknown_service_fails_at_once(launch_greeter, client):
    launch_greeter()

    with pytest.raises(Unavailable, match="did not answer"):
        client.call("reporting.sleep", ACTOR, {"seconds": 2}, deadline=0.3)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        client.call("nobody.home", ACTOR, {}, deadline=20)
    assert time.monotonic() - started < 5


def test_event_is_handled_once_and_a_rolled_back_one_never(launch_greeter, client, greeter_url, broker, amqp_url):
    greeter = launch_greeter()
    announced, rolled_back, doubled = uuid4(), uuid4(), uuid4()

    client.call("reporting.announce", ACTOR, {"campaign_id": str(announced)})
    with pytest.raises(Conflict):
        client.call("reporting.announce", ACTOR, {"campaign_id": str(rolled_back), "fail": True})
    body = orjson.dumps(
        {
            "event_id": uuid4(),
            "occurred_at": "2026-01-01T00:00:00Z",
            "account_id": uuid4(),
            "campaign_id": doubled,
            "state": "sent",
            "a_field_of_a_newer_version": 1,
        }
    )
    for _ in range(3):
        broker.publish_event(events.CAMPAIGN_STATE_CHANGED, body).result(5)

    testing.wait_until(lambda: seen(greeter_url, announced) and seen(greeter_url, doubled))
    testing.wait_until(lambda: queue_depth(amqp_url, QUEUE) == 0, what="every copy taken")
    greeter.stop()  # it ends what it has begun
    assert seen(greeter_url, announced) == seen(greeter_url, doubled) == 1
    assert seen(greeter_url, rolled_back) == 0


def test_event_that_keeps_failing_is_parked_and_replayed(launch_greeter, client, amqp_url, greeter_url, monkeypatch):
    greeter = launch_greeter(GREETER_FAILS="1")
    campaign_id = uuid4()
    client.call("reporting.announce", ACTOR, {"campaign_id": str(campaign_id)})
    testing.wait_until(lambda: queue_depth(amqp_url, f"dead.{QUEUE}") == 1, timeout=40, what="the dead letter")
    assert EVENT_DELIVERY_LIMIT < 10
    greeter.stop()

    from chassis import dead_letters

    monkeypatch.setenv("AMQP_URL", amqp_url)
    assert dead_letters.main(["list"]) == 0
    assert dead_letters.main(["show", QUEUE]) == 0
    assert dead_letters.main(["replay", QUEUE]) == 0
    launch_greeter()

    testing.wait_until(lambda: seen(greeter_url, campaign_id) == 1, what="the replayed event")
    assert queue_depth(amqp_url, f"dead.{QUEUE}") == 0


def test_event_published_before_its_handler_ever_ran_waits_for_it(broker, launch_greeter, greeter_url):
    campaign_id = uuid4()
    body = orjson.dumps(
        {
            "event_id": uuid4(),
            "occurred_at": "2026-01-01T00:00:00Z",
            "account_id": uuid4(),
            "campaign_id": campaign_id,
            "state": "sent",
        }
    )
    broker.publish_event(events.CAMPAIGN_STATE_CHANGED, body).result(5)

    launch_greeter()

    testing.wait_until(lambda: seen(greeter_url, campaign_id) == 1)


def test_a_handler_that_the_contracts_do_not_name_does_not_start():
    from chassis.config import ConfigError
    from chassis.entrypoints import EventHandler

    handler = EventHandler(events.ADDRESSES_ARCHIVED)
    handler.container = type("Container", (), {"service_name": "reporting", "config": {}})()
    handler.method_name = "unheard_of"
    with pytest.raises(ConfigError, match="unheard_of"):
        handler.setup()


def test_readiness_and_metrics_are_served(launch_greeter):
    import json
    import urllib.request

    greeter = launch_greeter()

    with urllib.request.urlopen(f"http://127.0.0.1:{greeter.health_port}/metrics") as answer:
        assert b"wici_rpc_seconds" in answer.read()
    with urllib.request.urlopen(f"http://127.0.0.1:{greeter.health_port}/readyz") as answer:
        assert {"broker", "calls", "database"} <= set(json.load(answer)["checks"])
    assert greeter.stop() == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{not json", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"gASVBwAAAAAAAACMA2hvdJQu", "application/x-python-serialize"),
        (b'{"a": "field that no event has"}', "application/json"),
        (b"plain", None),
    ],
)
def test_event_that_cannot_be_read_is_parked_with_its_bytes(launch_greeter_once, amqp_url, body, content_type):
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_purge(f"dead.{QUEUE}")

    channel.basic_publish(
        event_exchange(events.CAMPAIGN_STATE_CHANGED.source),
        events.CAMPAIGN_STATE_CHANGED.name,
        body,
        pika.BasicProperties(content_type=content_type, delivery_mode=2),
    )

    parked = testing.wait_until(lambda: channel.basic_get(f"dead.{QUEUE}", auto_ack=True)[2], what="the dead letter")
    connection.close()
    assert parked == body


def test_request_that_cannot_be_read_is_dropped_and_the_service_goes_on(launch_greeter_once, amqp_url, client):
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))

    connection.channel().basic_publish(
        "nameko-rpc", "reporting.greet", b"{not json", pika.BasicProperties("application/json")
    )

    connection.close()
    assert client.call("reporting.greet", ACTOR, {"name": "Łucja"})["greeting"] == "Cześć, Łucja!"
    assert queue_depth(amqp_url, "rpc-reporting") == 0


def test_a_refusal_is_no_failure_in_the_log(launch_greeter_once, client):
    with pytest.raises(Conflict):
        client.call("reporting.refuse", ACTOR, {})
    with pytest.raises(RemoteFailure):
        client.call("reporting.crash", ACTOR, {})

    log = testing.wait_until(lambda: "ZeroDivisionError" in (told := launch_greeter_once.log_tail()) and told)
    assert "greeting.refused" not in log


def test_a_database_that_is_away_is_told_as_worth_asking_again(launch_greeter_once, client, greeter_url):
    with ThreadPoolExecutor() as callers:
        asked = callers.submit(client.call, "reporting.sleep", ACTOR, {"seconds": 20}, deadline=30)
        with psycopg.connect(greeter_url, autocommit=True) as connection:
            cut = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE query LIKE '%pg_sleep(%' AND pid <> pg_backend_pid()"
            )
            testing.wait_until(lambda: connection.execute(cut).fetchone()[0], what="the call's statement")
        with pytest.raises(Unavailable) as told:
            asked.result()
    assert (told.value.code, told.value.extra) == ("database.unavailable", {"retry_after": AGAIN_SECONDS})
    assert client.call("reporting.sleep", ACTOR, {"seconds": 0}) == {}


def test_relay_forgets_what_the_inbox_no_longer_needs(launch_greeter_once, greeter_url):
    old, young = uuid4(), uuid4()
    with psycopg.connect(greeter_url) as connection:
        for event_id, days in ((old, 8), (young, 6)):
            connection.execute(
                "INSERT INTO inbox VALUES ('record_campaign_state', %s, now() - make_interval(days => %s))",
                (event_id, days),
            )

    database = Database(make_engine(greeter_url))
    stop = threading.Event()
    relay = Relay(database, DeafBroker())
    threading.Timer(0.1, stop.set).start()
    relay.run(stop)
    database.dispose()

    with psycopg.connect(greeter_url) as connection:
        assert connection.execute("SELECT event_id FROM inbox WHERE event_id IN (%s, %s)", (old, young)).fetchall() == [
            (young,)
        ]


class DeafBroker:
    """A broker that is away: the inbox is tidied up all the same."""

    is_connected = False


class KeepingBroker:
    """A broker that takes everything at once."""

    is_connected = True

    def __init__(self):
        self.taken = []

    def publish(self, routing_key, body, **_properties):
        self.taken.append((routing_key, body))
        taken = Future()
        taken.set_result(None)
        return taken


def test_resting_relay_hears_of_a_commit_of_its_own_process_and_of_another(launch_greeter_once, greeter_url):
    mine, others = (Database(make_engine(greeter_url)) for _ in range(2))
    broker, stop = KeepingBroker(), threading.Event()
    relay = Relay(mine, broker)
    looks, look = [], relay.relay_once
    relay.relay_once = lambda: (looks.append(1), look())[1]
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        testing.wait_until(lambda: len(looks) >= 2, what="resting")
        # The greeter's own relay may be the faster one; what counts is that this one looks at once.
        for database in (mine, others):
            before = len(looks)
            with database.transaction() as session:
                outbox.record_lane(session, "nobody.listens", b"{}")
            testing.wait_until(lambda before=before: len(looks) > before, timeout=REST_SECONDS / 2)
    finally:
        stop.set()
        relay.poke()
        thread.join()
        for database in (mine, others):
            database.dispose()


def test_a_relay_that_gets_nothing_out_is_not_ready_until_it_does(launch_greeter_once, greeter_url):
    database, stop, now, sent = Database(make_engine(greeter_url)), threading.Event(), [0.0], [0]
    relay = Relay(database, KeepingBroker())
    relay._progress._clock = lambda: now[0]
    # The greeter's own relay would be the faster one.
    relay.relay_once = lambda: (1, sent[0])
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        testing.wait_until(lambda: relay._progress._since is not None, what="a try")
        now[0] = 31.0
        with pytest.raises(WorkStalled):
            relay.check()
        sent[0] = 1
        testing.wait_until(lambda: relay._progress._since is None, what="a success")
        relay.check()
    finally:
        stop.set()
        relay.poke()
        thread.join()
        database.dispose()
