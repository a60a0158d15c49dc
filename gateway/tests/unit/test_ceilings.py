"""What one tenant may have going on at once, and how often one address may register."""

import gzip
import json
import threading

import pytest
from marshmallow import fields

from api_gateway import ceilings
from api_gateway.ceilings import Slots, UnderWay
from api_gateway.routing import PUBLIC, Route
from contracts.errors import TooManyRequests
from contracts.schema import Schema

ACCOUNT = "0193a6f2-0000-7000-8000-00000000000a"
OTHER = "0193a6f2-0000-7000-8000-0000000000aa"


@pytest.fixture
def slow(services):
    """`contacts.slow` answers once `let_go` is set; `begun` counts who waits."""

    class Slow:
        begun = threading.Semaphore(0)
        let_go = threading.Event()

    def answer(_actor, _payload):
        Slow.begun.release()
        Slow.let_go.wait(5)
        return {}

    services.answers["contacts.slow"] = answer
    services.answers["identity.register"] = {}
    yield Slow
    Slow.let_go.set()


ROUTES = [
    Route("GET", "/v1/slow", rpc="contacts.slow", permission="contacts.read", summary="Slow"),
    Route(
        "POST", "/v1/accounts", rpc="identity.register", permission=PUBLIC, summary="Register",
        hourly="registration_rate",
    ),
]  # fmt: skip


class Note(Schema):
    note = fields.String()


NOTES = [
    Route("POST", "/v1/notes", rpc="contacts.note", permission="contacts.write", summary="Note", request=Note),
    Route("POST", "/v1/strange-notes", rpc="contacts.note", permission=PUBLIC, summary="Note", request=Note),
]


def test_one_account_leaves_threads_for_the_others(make_client, log_in, slow):
    client = make_client(ROUTES, account_requests=2)
    mine = log_in("mine", permissions=["contacts"])
    others = log_in("others", permissions=["contacts"], account_id=OTHER)
    running = [threading.Thread(target=client.get, args=["/v1/slow"], kwargs={"headers": mine}) for _ in range(2)]
    for one in running:
        one.start()
        assert slow.begun.acquire(timeout=5)

    refused = client.get("/v1/slow", headers=mine)
    slow.let_go.set()
    taken = client.get("/v1/slow", headers=others)
    for one in running:
        one.join()

    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (
        429,
        "requests.too_many",
        "1",
    )
    assert taken.status_code == 200
    assert client.get("/v1/slow", headers=mine).status_code == 200  # what ended counts no more


@pytest.fixture
def waiting(slow):
    """`waiting(client.get, "/v1/slow", …)`: such a request waits for a service, until `slow.let_go` is set."""
    running = []

    def begin(ask, path, **options):
        running.append(threading.Thread(target=ask, args=[path], kwargs=options))
        running[-1].start()
        assert slow.begun.acquire(timeout=5)

    yield begin
    slow.let_go.set()
    for one in running:
        one.join()


@pytest.mark.parametrize("header", [None, "Basic dXNlcg==", "rubbish", "Bearer ", "Bearer " + "x" * 600])
def test_what_is_no_token_takes_a_place_of_its_address(make_client, services, waiting, slow, header):
    services.answers["identity.register"] = services.answers["contacts.slow"]
    client = make_client(ROUTES, address_requests=1)
    headers = {"Authorization": header} if header else {}
    waiting(client.post, "/v1/accounts")

    refused = client.get("/v1/slow", headers=headers)
    slow.let_go.set()

    assert (refused.status_code, refused.json["code"]) == (429, "requests.too_many")


def test_a_token_takes_a_place_of_its_address_until_it_is_known_whose_it_is(
    make_client, log_in, services, waiting, slow
):
    client = make_client(ROUTES, account_requests=2, trusted_proxies=("127.0.0.0/8",))
    mine, others = log_in("mine", permissions=["contacts"]), log_in("others", account_id=OTHER)
    here, elsewhere = {"X-Forwarded-For": "192.0.2.7"}, {"X-Forwarded-For": "198.51.100.7"}
    for _ in range(2):
        waiting(client.get, "/v1/slow", headers=mine | here)
    assert client.get("/v1/slow", headers=others | here).json["code"] == "permission.missing"

    def authenticate(actor, payload):
        services.answers["contacts.slow"](actor, payload)
        return services._authenticate(actor, payload)

    services.answers["identity.authenticate"] = authenticate
    for token in "ab":
        waiting(client.get, "/v1/slow", headers={"Authorization": f"Bearer {token}"} | here)
    refused = client.get("/v1/slow", headers={"Authorization": "Bearer c"} | here)
    services.answers["identity.authenticate"] = services._authenticate
    looked_at = client.get("/v1/slow", headers={"Authorization": "Bearer c"} | elsewhere)

    assert (refused.status_code, refused.json["code"]) == (429, "requests.too_many")
    assert (looked_at.status_code, looked_at.json["code"]) == (401, "session.invalid")


def test_what_is_given_back_may_be_taken_again():
    under_way = UnderWay()
    for _ in range(3):
        give_back = under_way.take("account:a", 1)
        with pytest.raises(TooManyRequests):
            under_way.take("account:a", 1)
        under_way.take("account:b", 1)()
        give_back()


def test_a_body_that_is_long_once_inflated_takes_a_slot(make_client, log_in, services):
    body = gzip.compress(json.dumps({"note": "a" * 100_000}).encode())
    taken = []

    class Told(Slots):
        def take(self, kind, holder, limit):
            taken.append((kind, holder, limit))
            return lambda: taken.append("given back")

    services.answers["contacts.note"] = {}
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    client = make_client(NOTES, slots=Told(None))

    mine = client.post("/v1/notes", data=body, headers=headers | log_in("mine", permissions=["contacts"]))
    strangers = client.post("/v1/strange-notes", data=body, headers=headers)

    assert (mine.status_code, taken) == (200, [("uploads", ACCOUNT, 4), "given back"])
    assert (strangers.status_code, strangers.json["code"]) == (413, "request.too_large")
    assert len(services.asked("contacts.note")) == 1


def exact(limits_taken):
    """The shared windows, as the database would keep them: one request at a time."""

    def lease(subject, start, _block, limit):
        taken = limits_taken[subject, start] = limits_taken.get((subject, start), 0) + 1
        return (1, limit - taken) if taken <= limit else (0, 0)

    return lease


def test_few_registrations_come_from_one_neighbourhood_in_an_hour(make_client, services, slow):
    client = make_client(ROUTES, trusted_proxies=("127.0.0.0/8",), registration_rate=2, lease=exact({}))

    def register(address):
        return client.post("/v1/accounts", headers={"X-Forwarded-For": address})

    mine = [register(f"2001:db8:1:1::{n}") for n in range(1, 4)]
    other = register("2001:db8:1:2::1")

    assert [answer.status_code for answer in [*mine, other]] == [200, 200, 429, 200]
    assert (mine[2].json["code"], "an hour" in mine[2].json["detail"]) == ("rate.limited", True)
    assert int(mine[2].headers["Retry-After"]) <= 3600
    assert len(services.asked("identity.register")) == 3


def test_requests_without_a_login_count_by_neighbourhood(make_client, slow):
    settings = {"trusted_proxies": ("127.0.0.0/8",), "address_rate": 2, "registration_rate": 0}
    client = make_client(ROUTES, lease=exact({}), **settings)

    answers = [
        client.post("/v1/accounts", headers={"X-Forwarded-For": f"2001:db8:1:1::{n}"}).status_code for n in range(1, 4)
    ]

    assert answers == [200, 200, 429]


def test_a_download_keeps_its_slot_until_it_is_sent():
    from flask import Response

    given_back = []
    answer = Response(iter([b"a", b"b"]), direct_passthrough=True)
    sent = ceilings.Sent(answer, lambda: given_back.append(True))

    assert (b"".join(sent), given_back) == (b"ab", [])
    sent.close()
    assert given_back == [True]
