"""The gateway as it runs: gunicorn with two workers, real RabbitMQ, real PostgreSQL, a real Nameko service."""

import base64
import hmac
import os
import re
import select
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
import requests

from chassis.ids import new_id
from chassis.rpc_client import RpcClient
from chassis.testing import free_port, wait_until
from contracts import tokens
from contracts.events import ACCESS_CHANGED, RECIPIENT_UNSUBSCRIBED
from contracts.lanes import DELIVERY_EVENTS
from contracts.short_codes import Codes
from contracts.tokens import TokenKind

FOLDER = str(Path(__file__).parent)
KEY = b"fedcba9876543210fedcba9876543210"
ACCOUNT, CONTACT = (UUID(int=n << 80 | 0x7 << 76 | 0x8 << 60 | n) for n in (1, 3))
MESSAGE = new_id()
CALLER = "0193a6f2-0000-7000-8000-00000000000a"  # the account of everyone in wired.py
LOGGED_IN = {"Authorization": "Bearer t0ken"}


@pytest.fixture
def services(launch_service, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", FOLDER)
    return launch_service("wired", env={"WIRED_SERVICES": "1"})


@pytest.fixture
def launch_gateway(launch, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", FOLDER)

    def start(**env):
        port = free_port()
        environ = {
            "HEALTH_PORT": str(free_port()),
            "GATEWAY_BIND": f"127.0.0.1:{port}",
            "GATEWAY_SPOOL_FOLDER": str(tmp_path / "spool"),
            "WICI_LINK_KEYS": base64.b64encode(KEY).decode(),
        }
        process = launch("api_gateway", "wired:app()", service="api_gateway", env={**environ, **env})
        process.port, process.url = port, f"http://127.0.0.1:{port}"
        return process

    return start


def ask(gateway, method, path, **options):
    return requests.request(method, gateway.url + path, timeout=30, allow_redirects=False, **options)


def greet(gateway, path="/v1/greetings", headers=LOGGED_IN, **body):
    return ask(gateway, "POST", path, json={"name": "Anno", **body}, headers=headers)


def test_requests_go_through_the_real_bus(services, launch_gateway, broker):
    gateway = launch_gateway()

    answer = greet(gateway)
    refused = ask(gateway, "GET", "/v1/conflicts", headers=LOGGED_IN)
    crashed = ask(gateway, "GET", "/v1/crashes", headers=LOGGED_IN)
    nobody = ask(gateway, "GET", "/v1/nobody", headers=LOGGED_IN)

    assert (answer.status_code, answer.json()["greeting"]) == (200, "Cześć, Anno!")
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (409, "greeting.refused", 3)
    assert (crashed.status_code, crashed.json()["code"]) == (500, "internal")
    assert "secret" not in crashed.text
    assert (nobody.status_code, nobody.headers["Retry-After"]) == (503, "2")
    assert nobody.elapsed.total_seconds() < 2  # nobody listens: said at once, not after the deadline


def test_many_at_once_share_one_connection(services, launch_gateway):
    gateway = launch_gateway()

    def greeted(n):
        """As a client that obeys `Retry-After`: a machine that stands still for seconds may call itself busy."""
        while (answer := greet(gateway, name=str(n))).status_code == 503 and answer.json()["code"] == "gateway.busy":
            time.sleep(float(answer.headers["Retry-After"]))
        assert answer.status_code == 200, answer.text
        return answer.json()["greeting"]

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(greeted, range(400)))

    assert answers == [f"Cześć, {n}!" for n in range(400)]


def test_change_of_access_is_seen_by_every_worker_within_a_second(services, launch_gateway, broker):
    gateway, client = launch_gateway(), RpcClient(broker)
    for _ in range(40):
        assert greet(gateway).status_code == 200
    asked = client.call("identity.end_session", {}, {"ended": True})["asked"]
    assert asked <= 2  # each worker asked once and remembered

    event = {"event_id": str(uuid4()), "occurred_at": "2026-11-24T08:00:00+00:00", "account_id": CALLER}
    broker.publish_event(ACCESS_CHANGED, orjson.dumps(event)).result(5)
    time.sleep(1.0)  # the promise: time is the subject

    assert {greet(gateway).status_code for _ in range(40)} == {401}


@pytest.fixture
def queues(broker):
    """`queues(name)`: the bodies that arrive on a queue."""

    def listen(queue):
        bodies = []

        def keep(delivery):
            bodies.append(orjson.loads(delivery.body))
            delivery.ack()

        broker.consume(queue, keep)
        return bodies

    return listen


UNSUBSCRIPTIONS = f"evt-api_gateway-{RECIPIENT_UNSUBSCRIBED.name}--contacts.archive_unsubscribed"


def link(kind, target):
    return tokens.signer(KEY, kind, account_id=ACCOUNT, campaign_id=None, target=target)(MESSAGE, CONTACT)


def test_links_reach_reporting_and_contacts(launch_gateway, queues):
    gateway = launch_gateway()
    lane, unsubscriptions = queues(DELIVERY_EVENTS), queues(UNSUBSCRIPTIONS)

    clicked = ask(gateway, "GET", f"/t/{link(TokenKind.CLICK, 'https://sklep.example/')}")
    ask(gateway, "GET", f"/o/{link(TokenKind.OPEN, 'email')}")
    ask(gateway, "POST", f"/u/{link(TokenKind.UNSUBSCRIBE, 'email')}", data={"List-Unsubscribe": "One-Click"})

    assert (clicked.status_code, clicked.headers["Location"]) == (302, "https://sklep.example/")
    wait_until(lambda: sum(len(batch["events"]) for batch in lane) == 3, what="three events in the lane")
    wait_until(lambda: len(unsubscriptions) == 1, what="the unsubscription")
    kinds = {event["kind"] for batch in lane for event in batch["events"]}
    assert kinds == {"clicked", "opened", "unsubscribed"}
    assert unsubscriptions[0]["contact_id"] == str(CONTACT)


def test_links_work_with_everything_down_and_kill_9_loses_nothing(launch_gateway, queues, amqp_url):
    nowhere = f"127.0.0.1:{free_port()}"
    gateway = launch_gateway(
        AMQP_URL=f"amqp://guest:guest@{nowhere}/%2F", API_GATEWAY_DATABASE_URL=f"postgresql://x:y@{nowhere}/z"
    )
    states = lambda: {ask(gateway, "GET", "/readyz").json()["state"] for _ in range(8)}  # noqa: E731
    wait_until(lambda: states() == {"degraded"}, what="both workers' start")

    started = time.monotonic()
    for number in range(50):
        ask(gateway, "GET", f"/t/{link(TokenKind.CLICK, f'https://sklep.example/{number}')}")
    assert ask(gateway, "POST", f"/u/{link(TokenKind.UNSUBSCRIBE, 'email')}").status_code == 200
    assert time.monotonic() - started < 5
    assert greet(gateway).status_code == 503
    children = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()
    gateway.kill()
    for child in children:
        os.kill(int(child), 9)

    lane, unsubscriptions = queues(DELIVERY_EVENTS), queues(UNSUBSCRIPTIONS)
    launch_gateway()

    wait_until(lambda: len(unsubscriptions) == 1, what="the unsubscription")
    wait_until(lambda: sum(len(batch["events"]) for batch in lane) == 51, what="all clicks")
    urls = {event.get("url") for batch in lane for event in batch["events"]} - {None}
    assert urls == {f"https://sklep.example/{number}" for number in range(50)}


def test_dead_services_do_not_hold_up_the_links(services, launch_gateway):
    gateway = launch_gateway(GATEWAY_ACCOUNT_REQUESTS="0")
    assert greet(gateway).status_code == 200
    services.kill()

    with ThreadPoolExecutor(96) as pool:
        asked = [pool.submit(greet, gateway) for _ in range(64)]
        time.sleep(2.0)  # until the callers are as many as there can be, and longer than any call waits
        followed = [
            pool.submit(ask, gateway, "GET", f"/t/{link(TokenKind.CLICK, 'https://sklep.example/')}")
            for _ in range(200)
        ]
        slowest = max(click.result().elapsed.total_seconds() for click in followed)
        statuses = {answer.result().status_code for answer in asked}

    assert slowest < 2.0
    assert statuses == {503}


def is_locked(database_url, key):
    with psycopg.connect(database_url("api_gateway")) as connection:
        found = "SELECT count(*) FROM idempotent_requests WHERE key = %s AND status IS NULL"
        return connection.execute(found, (key,)).fetchone()[0] == 1


def test_gateway_killed_in_the_middle_of_an_idempotent_request(services, launch_gateway, database_url):
    gateway = launch_gateway(GATEWAY_WORKERS="1")
    headers = {**LOGGED_IN, "Idempotency-Key": "order-17"}
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(lambda: greet(gateway, "/v1/slow-greetings", headers, seconds=0.8))
        wait_until(lambda: is_locked(database_url, "order-17"), what="the request under way")
        children = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), 9)
        with pytest.raises(requests.ConnectionError):
            lost.result()
    wait_until(lambda: greet(gateway).status_code == 200, what="a new worker")

    answer = wait_until(
        lambda: (tried := greet(gateway, "/v1/slow-greetings", headers, seconds=0.8)).status_code == 200 and tried,
        what="the lock's end",
    )
    again = greet(gateway, "/v1/slow-greetings", headers, seconds=0.8)

    assert UUID(answer.json()["request_key"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == answer.content


def test_call_that_takes_too_long(services, launch_gateway):
    gateway = launch_gateway()

    answer = greet(gateway, "/v1/slow-greetings", seconds=3)

    assert (answer.status_code, answer.json()["code"]) == (503, "service.timeout")
    assert answer.elapsed.total_seconds() < 2


def test_stopping_finishes_what_has_begun(services, launch_gateway):
    gateway = launch_gateway()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: greet(gateway, seconds=1.5))
        time.sleep(0.5)  # a part of the 1.5 s that it takes: time is the subject
        code = gateway.stop()

    assert running.result().status_code == 200
    assert code == 0


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"GET\r\n\r\n",
    b"\x00" * 4096,
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /v1/greetings HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    b"POST /v1/greetings HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/greetings HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"b" * 70_000 + b"\r\n\r\n",
]


def test_any_bytes_at_the_port_get_a_refusal(launch_gateway):
    gateway = launch_gateway(GATEWAY_WORKERS="1")

    for raw in GARBAGE:
        with socket.create_connection(("127.0.0.1", gateway.health_port), timeout=10) as connection:
            try:
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                first = connection.recv(4096)
            except ConnectionError:
                first = b""
        assert first == b"" or first.startswith(b"HTTP/1.1 4"), raw[:60]
        assert b"Traceback" not in first
        assert not first or b"application/problem+json" in first

    assert ask(gateway, "GET", "/healthz").status_code == 200


def test_broken_chunks_are_the_clients_mistake(services, launch_gateway):
    gateway = launch_gateway(GATEWAY_WORKERS="1")
    head = (
        b"POST /v1/greetings HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t0ken\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    answers = []
    for chunks in (b"zz\r\n{}\r\n", b"5\r\n{}", b'10\r\n{"name": "Ewo"} \r\n0\r\n\r\n'):
        with socket.create_connection(("127.0.0.1", gateway.health_port), timeout=10) as connection:
            connection.sendall(head + chunks)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65536)
            answers.append(answer)

    assert [answer.split(b" ", 2)[1] for answer in answers] == [b"400", b"400", b"200"]
    assert b"request.body_broken" in answers[0]


def test_metrics_are_those_of_all_workers(launch_gateway):
    gateway = launch_gateway()
    for _ in range(30):
        ask(gateway, "GET", "/v1/conflicts")

    told = requests.get(f"http://127.0.0.1:{gateway.health_port}/metrics", timeout=30).text

    assert 'wici_http_seconds_count{operation="get_v1_conflicts",status="4xx"} 30.0' in told


HALF_SENT = b"POST /v1/greetings HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"


def connect(gateway, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", gateway.port), timeout=10, source_address=(source, 0))


def is_closed(connection):
    """Whether the gateway has ended the connection, for its own reasons."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_metrics_are_on_no_public_port(launch_gateway):
    gateway = launch_gateway(GATEWAY_TRUSTED_PROXIES="127.0.0.0/8")

    assert requests.get(f"http://127.0.0.1:{gateway.health_port}/metrics", timeout=10).status_code == 200
    for headers in ({}, {"X-Forwarded-For": "10.0.0.7"}, {"Host": f"127.0.0.1:{gateway.health_port}"}):
        assert ask(gateway, "GET", "/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "program", [["-m", "api_gateway"], ["-c", "from api_gateway.app import from_environment as f; f()"]]
)
def test_a_gateway_that_would_serve_its_metrics_in_public_does_not_start(program):
    port = str(free_port())
    keys = {"WICI_LINK_KEYS": base64.b64encode(KEY).decode()}
    needed = {"AMQP_URL": "amqp://nowhere", "API_GATEWAY_DATABASE_URL": "postgresql://nowhere", **keys}
    environ = {**os.environ, **needed, "GATEWAY_BIND": f"0.0.0.0:{port}", "HEALTH_PORT": port}

    started = subprocess.run([sys.executable, *program], env=environ, capture_output=True, text=True, timeout=60)

    assert started.returncode != 0
    assert "HEALTH_PORT is the port of GATEWAY_BIND" in started.stderr


def test_readiness_says_whose_address_is_taken(launch_gateway):
    def seen(gateway):
        return ask(gateway, "GET", "/readyz", headers={"X-Forwarded-For": "192.0.2.7"}).json()["client_address"]

    assert seen(launch_gateway()) == {"address": "127.0.0.1", "source": "peer"}
    behind = launch_gateway(GATEWAY_TRUSTED_PROXIES="127.0.0.0/8")
    assert seen(behind) == {"address": "192.0.2.7", "source": "forwarded"}
    assert '"event":"client_address"' in behind.log_tail().replace(" ", "")


def test_a_line_about_an_unreadable_request_names_no_account_of_before(services, launch_gateway):
    gateway = launch_gateway(GATEWAY_WORKERS="1", GATEWAY_THREADS="2")
    for _ in range(4):  # on every thread
        assert greet(gateway).status_code == 200
    for _ in range(4):
        with connect(gateway) as connection:
            connection.sendall(b"GET /v1/account HTTP/1.1\r\nHost: a\r\nBad Name: a\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 400")

    lines = [line for line in gateway.log_tail().splitlines() if "request_unreadable" in line]
    assert len(lines) == 4
    assert [line for line in lines if CALLER in line] == []


def test_operators_have_a_listener_of_their_own(services, launch_gateway):
    port = free_port()
    gateway = launch_gateway(GATEWAY_OPERATOR_BIND=f"127.0.0.1:{port}")
    path, operator = "/v1/operator/greetings", {"Authorization": "Bearer 0perator"}
    own = f"http://127.0.0.1:{port}"

    for method in ("GET", "PUT", "OPTIONS"):
        assert ask(gateway, method, path, headers=operator).json()["code"] == "route.not_found"
    pretended = ask(gateway, "GET", path, headers={**operator, "Host": f"127.0.0.1:{port}"})
    elsewhere = ask(gateway, "GET", "/v1/conflicts", headers=operator)

    assert pretended.status_code == 404
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (401, "session.invalid")
    assert requests.get(own + path, headers=operator, timeout=30).json()["code"] == "greeting.refused"
    assert requests.put(own + path, timeout=30).status_code == 405
    assert greet(gateway).status_code == 200


def test_slow_clients_do_not_hold_all_threads(launch_gateway):
    gateway = launch_gateway(GATEWAY_WORKERS="1", GATEWAY_THREADS="2", GATEWAY_RECEIVE_SECONDS="2")
    with ExitStack() as held:
        slow = [held.enter_context(connect(gateway)) for _ in range(4)]
        for connection in slow:
            connection.sendall(HALF_SENT)

        assert ask(gateway, "GET", "/healthz").status_code == 200
        assert slow[0].recv(4096).startswith(b"HTTP/1.1 408")


def test_a_database_that_hangs_stops_the_links_that_ask_it_and_nothing_else(launch_gateway, database_url):
    gateway = launch_gateway(GATEWAY_WORKERS="1", WIRED_PATIENCE="60")
    click, opened = link(TokenKind.CLICK, "https://sklep.example/"), link(TokenKind.OPEN, "email")
    ask_the_database = (f"/s/{Codes(KEY).code(1000)}", f"/u/{link(TokenKind.UNSUBSCRIBE, 'email')}")
    with psycopg.connect(database_url("api_gateway")) as lock, ExitStack() as held:
        lock.execute("LOCK TABLE short_link_blocks, unsubscribe_pages IN ACCESS EXCLUSIVE MODE")
        waiting = [held.enter_context(connect(gateway)) for _ in range(80)]
        for number, connection in enumerate(waiting):
            connection.sendall(f"GET {ask_the_database[number % 2]} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        blocked = "SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND relation = %s::regclass"
        for table in ("short_link_blocks", "unsubscribe_pages"):
            wait_until(lambda table=table: lock.execute(blocked, [table]).fetchone()[0] >= 1)

        others = ("/healthz", "/readyz", f"/t/{click}", f"/o/{opened}")
        assert [ask(gateway, "GET", path).status_code for path in others] == [200, 200, 302, 200]
        assert select.select(waiting, [], [], 0)[0] == [], "they were answered before those that wait"

        lock.rollback()
        answers = [connection.recv(12) for connection in waiting]
    assert answers == [b"HTTP/1.1 503", b"HTTP/1.1 200"] * 40


def test_one_address_loses_its_own_half_sent_requests_and_nobody_elses(launch_gateway):
    gateway = launch_gateway(GATEWAY_WORKERS="1", GATEWAY_ADDRESS_CONNECTIONS="20", GATEWAY_RECEIVE_SECONDS="60")
    with ExitStack() as held:
        others = held.enter_context(connect(gateway, "127.0.0.2"))
        others.sendall(HALF_SENT)
        slow = [held.enter_context(connect(gateway)) for _ in range(60)]
        for connection in slow:
            connection.sendall(HALF_SENT)

        assert ask(gateway, "GET", "/healthz").status_code == 200
        wait_until(lambda: sum(map(is_closed, slow)) >= 40)
        assert not is_closed(others)
        assert not is_closed(slow[-1])


def test_one_request_after_another_on_a_connection(launch_gateway):
    gateway = launch_gateway(GATEWAY_WORKERS="1")
    get = b"GET /v1/nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
    post = b'POST /v1/greetings HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n{"name": "Ewo"}'
    last = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with connect(gateway) as connection:
        for byte in get[:30]:
            connection.sendall(bytes([byte]))
        connection.sendall(get[30:] + post + get + last)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece

    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"404", b"401", b"404", b"200"]


def test_who_waits_for_a_word_before_the_body_gets_it(services, launch_gateway):
    gateway = launch_gateway(GATEWAY_WORKERS="1")
    head = (
        b"POST /v1/greetings HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t0ken\r\nContent-Type: application/json\r\n"
    )
    with connect(gateway) as connection:
        connection.sendall(head + b"Expect: 100-continue\r\nContent-Length: 15\r\n\r\n")
        told = connection.recv(4096)
        connection.sendall(b'{"name": "Ewo"}')
        answer = connection.recv(65536)
        while b"greeting" not in answer:
            answer += connection.recv(65536)

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b"HTTP/1.1 200" in answer


def test_what_meta_tells_may_be_long(services, launch_gateway):
    gateway = launch_gateway()
    path, got = "/hooks/whatsapp/" + "a" * 24, []
    for size in (60_000, 70_000, 2_900_000, 3_200_000):
        raw = orjson.dumps({"entry": [], "pad": "x" * size})
        signature = hmac.digest(b"s" * 32, raw, "sha256").hex()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        got.append(ask(gateway, "POST", path, data=raw, headers=headers).status_code)
    got.append(ask(gateway, "POST", "/hooks/whatsapp/No", data=raw).status_code)
    assert got == [200, 200, 200, 413, 404]
