"""What several workers share through the gateway's own PostgreSQL database."""

import random
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from flask import Flask, Response
from marshmallow import fields
from sqlalchemy import text

from api_gateway import ceilings, idempotency, store
from api_gateway.ceilings import UPLOADS, Slots
from api_gateway.idempotency import Idempotency, KeyLock, fingerprint
from api_gateway.limits import RateLimiter
from api_gateway.routing import Route
from chassis.testing import truncate, wait_until
from contracts.errors import Conflict, Invalid, PlanLimit, TooManyRequests, Unavailable
from contracts.schema import Schema

ACCOUNT, OTHER = str(uuid4()), str(uuid4())
MARK = fingerprint("POST /v1/sms", {"to": ["+48500100200"]})


@pytest.fixture
def database(open_database):
    opened = open_database("api_gateway")
    truncate(opened)
    return opened


@pytest.fixture
def now():
    return [datetime(2026, 11, 24, 8, tzinfo=UTC)]


@pytest.fixture
def keys(database, now):
    return Idempotency(database.transaction, now=lambda: now[0])


def answer(status=202, body=b'{"id": 1}'):
    with Flask("test").app_context():
        return Response(body, status, {"Location": "/v1/sms/1"}, content_type="application/json")


def test_same_key_and_body_same_answer(keys):
    held = keys.begin(ACCOUNT, "k", MARK, 10)
    keys.finish(held, answer())

    replayed = keys.begin(ACCOUNT, "k", MARK, 10)

    assert (replayed.status_code, replayed.data) == (202, b'{"id": 1}')
    assert replayed.headers["Location"] == "/v1/sms/1"
    assert replayed.headers["Content-Type"] == "application/json"
    assert replayed.headers["Idempotency-Replayed"] == "true"


def test_other_body_is_refused(keys):
    keys.finish(keys.begin(ACCOUNT, "k", MARK, 10), answer())

    with pytest.raises(Invalid, match="key_reused"):
        keys.begin(ACCOUNT, "k", fingerprint("POST /v1/sms", {"to": []}), 10)
    with pytest.raises(Invalid, match="key_reused"):
        keys.begin(ACCOUNT, "k", fingerprint("POST /v1/emails", {"to": ["+48500100200"]}), 10)


def test_still_running(keys):
    keys.begin(ACCOUNT, "k", MARK, 10)

    with pytest.raises(Conflict, match="still_running"):
        keys.begin(ACCOUNT, "k", MARK, 10)


def test_key_belongs_to_its_account(keys):
    keys.finish(keys.begin(ACCOUNT, "k", MARK, 10), answer())

    assert isinstance(keys.begin(str(uuid4()), "k", MARK, 10), KeyLock)


def test_after_a_crash_the_retry_has_the_same_request_key(keys, now):
    first = keys.begin(ACCOUNT, "k", MARK, 10)  # and the worker dies

    now[0] += timedelta(seconds=14)
    with pytest.raises(Conflict):
        keys.begin(ACCOUNT, "k", MARK, 10)
    now[0] += timedelta(seconds=2)
    second = keys.begin(ACCOUNT, "k", MARK, 10)

    assert second.request_key == first.request_key
    assert second.lock_id != first.lock_id


def test_late_worker_does_not_overwrite_who_took_over(keys, now):
    first = keys.begin(ACCOUNT, "k", MARK, 10)
    now[0] += timedelta(seconds=20)
    second = keys.begin(ACCOUNT, "k", MARK, 10)
    keys.finish(second, answer(body=b"second"))

    keys.finish(first, answer(body=b"first"))

    assert keys.begin(ACCOUNT, "k", MARK, 10).data == b"second"


@pytest.mark.parametrize("status", [402, 403, 409, 422, 429, 500, 503])
def test_a_refusal_is_not_kept(keys, status):
    first = keys.begin(ACCOUNT, "k", MARK, 10)
    keys.finish(first, answer(status))

    second = keys.begin(ACCOUNT, "k", MARK, 10)

    assert isinstance(second, KeyLock)
    assert second.request_key == first.request_key


def test_after_a_refusal_the_key_is_still_for_the_same_request_alone(keys):
    keys.finish(keys.begin(ACCOUNT, "k", MARK, 10), answer(402))

    with pytest.raises(Invalid, match="key_reused"):
        keys.begin(ACCOUNT, "k", fingerprint("POST /v1/sms", {"to": []}), 10)


def test_a_day_later_the_key_is_new(keys, now):
    first = keys.begin(ACCOUNT, "k", MARK, 10)
    keys.finish(first, answer())
    now[0] += timedelta(hours=23, minutes=59)
    assert isinstance(keys.begin(ACCOUNT, "k", MARK, 10), Response)

    now[0] += timedelta(minutes=2)
    again = keys.begin(ACCOUNT, "k", fingerprint("POST /v1/sms", {}), 10)

    assert again.request_key != first.request_key


def test_of_many_at_once_one_is_first(keys):
    def begin(_n):
        try:
            return keys.begin(ACCOUNT, "k", MARK, 10)
        except Conflict:
            return None

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(begin, range(64)))

    assert len([outcome for outcome in outcomes if isinstance(outcome, KeyLock)]) == 1


def test_two_gateways_begin_each_of_many_keys_once_and_answer_it_alike(database):
    gateways = [Idempotency(database.transaction) for _ in range(2)]
    begun: Counter[str] = Counter()
    asked = [f"key {number % 60}" for number in range(480)]
    random.Random(7).shuffle(asked)

    def send(key):
        """As a client that asks until it is answered; of two keys each is begun by the first alone."""
        gateway = gateways[random.randrange(2)]
        while True:
            try:
                held = gateway.begin(ACCOUNT if key[-1] in "02468" else OTHER, key, MARK, 10)
            except Conflict:
                continue
            if isinstance(held, Response):
                return held.data
            begun[key] += 1
            gateway.finish(held, answer(body=str(held.request_key).encode()))

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, asked))

    assert begun == Counter(set(asked))
    assert len(set(answers)) == len(set(zip(asked, answers, strict=True))) == 60


def test_answers_are_locked_in_the_order_in_which_keys_are_taken(database, keys):
    """Whoever takes the same keys over holds the first one: the answers wait for it, and hold no other."""
    held = {key: keys.begin(ACCOUNT, key, MARK, 10) for key in ("c", "B", "a")}
    rows = [store.AnswerRow(one.account_id, key, one.lock_id, 202, {}, b"") for key, one in held.items()]
    locked = text("SELECT FROM idempotent_requests WHERE key = :key FOR UPDATE NOWAIT")

    def keep():
        with database.transaction() as session:
            session.execute(text("SET LOCAL enable_nestloop = off"))  # PostgreSQL may take any plan
            store.store_answers(session, rows)

    with ThreadPoolExecutor(1) as other, database.transaction() as session:
        session.execute(locked, {"key": "B"})
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        keeping = other.submit(keep)
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND :pid = ANY (pg_blocking_pids(pid))")
        wait_until(lambda: session.scalar(waits, {"pid": pid}) or keeping.done())
        for key in ("a", "c"):
            session.execute(locked, {"key": key})
        session.commit()
        keeping.result()

    assert {keys.begin(ACCOUNT, key, MARK, 10).status_code for key in held} == {202}


def test_who_lost_a_deadlock_is_taken_alone(database, now, monkeypatch):
    """Nobody's request is refused for the order in which others came."""
    rows = [
        store.KeyRow(uuid4(), "k", MARK, uuid4(), uuid4(), now[0] + timedelta(seconds=10), now[0]) for _ in range(3)
    ]
    answers = [store.AnswerRow(row.account_id, row.key, row.lock_id, 202, {}, b"") for row in rows]

    def lose(session, asked, work, **more):
        if len(asked) > 1:
            session.execute(text("DO $$ BEGIN RAISE deadlock_detected; END $$"))
        return work(session, asked, **more)

    for name in ("take", "store_answers"):
        monkeypatch.setattr(store, name, partial(lose, work=getattr(store, name)))
    keeper = idempotency._Keeper(database.transaction)

    for name, asked in (("take", rows), ("keep", answers)):
        answered = keeper.call(name, {}, {"requests": [({}, {"row": row}) for row in asked]})["answers"]
        assert answered == [{"result": True}] * 3
    with database.transaction() as session:
        assert {store.find(session, account_id=row.account_id, key="k").status for row in rows} == {202}


BEGINS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from api_gateway.idempotency import Idempotency
from chassis.database import Database, make_engine

keys = Idempotency(Database(make_engine(sys.argv[1], pool_size=4)).transaction)
def begin(number):
    held = keys.begin(sys.argv[2], str(number), b"mark", 10)
    sys.stdout.write(f"{number} {held.request_key}\\n")
    sys.stdout.flush()
with ThreadPoolExecutor(16) as pool:
    list(pool.map(begin, range(100_000)))
"""


def test_what_a_killed_gateway_has_begun_is_begun_again_with_the_same_request_keys(database, database_url):
    killed = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", BEGINS, database_url("api_gateway"), ACCOUNT],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = [killed.stdout.readline() for _ in range(100)]
    killed.kill()
    lines += [line for line in killed.communicate()[0].splitlines(keepends=True) if len(line.split(" ")[-1]) == 37]
    told = dict(line.split() for line in lines)
    later = Idempotency(database.transaction, now=lambda: datetime.now(UTC) + timedelta(minutes=1))

    assert len(told) >= 100
    assert {number: str(later.begin(ACCOUNT, number, b"mark", 10).request_key) for number in list(told)[-100:]} == dict(
        list(told.items())[-100:]
    )


def test_old_rows_are_swept(database, keys, now):
    keys.finish(keys.begin(ACCOUNT, "old", MARK, 10), answer())
    now[0] += timedelta(hours=25)
    keys.finish(keys.begin(ACCOUNT, "new", MARK, 10), answer())
    with database.transaction() as session:
        store.lease(session, subject="key:k", window_start=60, block=1, limit=10)

    with database.transaction() as session:
        assert store.sweep(session, now[0], keep=timedelta(hours=24)) == 2

    assert isinstance(keys.begin(ACCOUNT, "new", MARK, 10), Response)


def test_limit_is_exact_over_workers_at_once(database):
    def lease(subject, start, block, limit):
        with database.transaction() as session:
            return store.lease(session, subject=subject, window_start=start, block=block, limit=limit)

    limiters = [RateLimiter(lease, clock=lambda: 30.0) for _ in range(4)]
    done = []

    def spend(limiter):
        # In turns, as requests come: a worker that is refused stays refused, the others use up what they hold.
        while True:
            try:
                limiter.spend("account:a", 1000)
                done.append(1)
            except TooManyRequests:
                return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(spend, limiters * 2))

    assert len(done) == 1000


class Sms(Schema):
    to = fields.List(fields.String(), required=True)


ROUTES = [
    Route(
        "POST",
        "/v1/sms",
        rpc="sms.send",
        permission="sms.send",
        summary="Send",
        request=Sms,
        status=202,
        idempotent=True,
    )
]


@pytest.fixture
def client(make_client, database):
    return make_client(ROUTES, transaction=database.transaction)


def test_over_http(client, services, log_in):
    services.answers["sms.send"] = lambda actor, _payload: {"messages": [actor["request_key"]]}
    headers = {**log_in(permissions=["sms"]), "Idempotency-Key": '"order 17"'}

    first = client.post("/v1/sms", json={"to": ["+48500100200"]}, headers=headers)
    again = client.post(
        "/v1/sms", data=b'{ "to" : ["+48500100200"] }', content_type="application/json", headers=headers
    )
    other = client.post("/v1/sms", json={"to": ["+48500100201"]}, headers=headers)
    without = client.post("/v1/sms", json={"to": ["+48500100200"]}, headers=log_in(permissions=["sms"]))

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.data == first.data
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert first.json["messages"][0] is not None
    assert without.json["messages"] == [None]
    assert len(services.asked("sms.send")) == 2


def test_timed_out_call_is_tried_again_with_the_same_key(client, services, log_in):
    asked = []

    def slow(actor, _payload):
        asked.append(actor["request_key"])
        if len(asked) == 1:
            raise Unavailable("service.timeout", "sms.send did not answer within 10 s.")
        return {"messages": []}

    services.answers["sms.send"] = slow
    headers = {**log_in(permissions=["sms"]), "Idempotency-Key": "k"}

    got = [client.post("/v1/sms", json={"to": []}, headers=headers) for _ in range(3)]

    assert [each.status_code for each in got] == [503, 202, 202]
    assert "Retry-After" in got[0].headers
    assert len(asked) == 2 and asked[0] == asked[1]


def test_a_quota_that_was_raised_lifts_the_refusal_under_the_same_key(client, services, log_in):
    answers = iter([PlanLimit("quota.exhausted", "The quota is used up."), {"messages": []}])

    def send(_actor, _payload):
        answer_ = next(answers)
        if isinstance(answer_, Exception):
            raise answer_
        return answer_

    services.answers["sms.send"] = send
    headers = {**log_in(permissions=["sms"]), "Idempotency-Key": "k"}

    got = [client.post("/v1/sms", json={"to": []}, headers=headers) for _ in range(3)]

    assert [answer_.status_code for answer_ in got] == [402, 202, 202]
    assert ["Idempotency-Replayed" in answer_.headers for answer_ in got] == [False, False, True]


def test_two_at_once_over_http(make_client, database, services, log_in):
    started, go_on = threading.Event(), threading.Event()

    def slow(_actor, _payload):
        started.set()
        go_on.wait(10)
        return {"messages": []}

    services.answers["sms.send"] = slow
    headers = {**log_in(permissions=["sms"]), "Idempotency-Key": "k"}
    app = make_client(ROUTES, transaction=database.transaction).application
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: app.test_client().post("/v1/sms", json={"to": []}, headers=headers))
        assert started.wait(10)
        second = app.test_client().post("/v1/sms", json={"to": []}, headers=headers)
        go_on.set()

    assert (second.status_code, second.json["code"]) == (409, "idempotency.still_running")
    assert first.result().status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "ą", '""'])
def test_unreadable_key(client, log_in, key):
    headers = {**log_in(permissions=["sms"]), "Idempotency-Key": key}

    answer_ = client.post("/v1/sms", json={"to": []}, headers=headers)

    assert (answer_.status_code, answer_.json["code"]) == (400, "idempotency.bad_key")


def test_failing_database_promises_nothing(make_client, services, log_in):
    from sqlalchemy.exc import OperationalError

    def broken():
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    services.answers["sms.send"] = {}
    client = make_client(ROUTES, transaction=broken)
    headers = log_in(permissions=["sms"])

    with_key = client.post("/v1/sms", json={"to": []}, headers={**headers, "Idempotency-Key": "k"})
    without = client.post("/v1/sms", json={"to": []}, headers=headers)

    assert (with_key.status_code, with_key.json["code"]) == (503, "idempotency.unavailable")
    assert without.status_code == 202


def test_exactly_as_many_slots_as_there_are_over_all_workers(database):
    slots = Slots(database.transaction)

    def take(_):
        try:
            return slots.take(UPLOADS, ACCOUNT, 4)
        except TooManyRequests as error:
            return error

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(take, range(40)))
    refused = [one for one in taken if isinstance(one, TooManyRequests)]

    assert (len(taken) - len(refused), {error.code for error in refused}) == (4, {"uploads.too_many"})
    next(one for one in taken if callable(one))()
    slots.take(UPLOADS, ACCOUNT, 4)  # what was given back is there again
    slots.take(UPLOADS, str(uuid4()), 1)  # nobody else is counted


def test_slots_of_a_killed_worker_come_free_by_themselves(database, monkeypatch):
    monkeypatch.setitem(ceilings.SECONDS, UPLOADS, 0)
    slots = Slots(database.transaction)
    slots.take(UPLOADS, ACCOUNT, 1)

    slots.take(UPLOADS, ACCOUNT, 1)
    with database.transaction() as session:
        store.sweep(session, datetime.now(UTC) + timedelta(seconds=1), keep=timedelta(days=1))
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM slots")).scalar() == 0


def test_without_the_database_no_slot_is_refused():
    def away():
        raise ConnectionError("gone")

    assert [callable(Slots(away).take(UPLOADS, ACCOUNT, 1)) for _ in range(3)] == [True] * 3
