"""Status, headers and encoding of what is answered; every failure is a problem detail."""

import gzip
import json

import orjson
import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from things import ID, ROUTES, problem_of

from chassis.rpc_client import RemoteFailure
from contracts import errors


def test_created_has_a_location(client, services, writer):
    services.answers["things.create"] = {"id": ID}

    answer = client.post("/v1/things", json={"name": "a"}, headers=writer)

    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/things/{ID}")


def test_accepted_says_where_and_when_to_ask(client, services, writer):
    services.answers["things.count"] = {"id": ID, "state": "waiting"}

    answer = client.post(f"/v1/things/{ID}/count", headers=writer)

    assert answer.status_code == 202
    assert (answer.headers["Location"], answer.headers["Retry-After"]) == (f"/v1/counts/{ID}", "3")


def test_deleted_has_no_body(client, services, writer):
    services.answers["things.delete"] = {}

    answer = client.delete(f"/v1/things/{ID}", headers=writer)

    assert (answer.status_code, answer.data) == (204, b"")


def test_gzip_in_and_out(client, services, writer):
    services.answers["things.create"] = {"id": ID, "name": "a" * 5000}
    packed = gzip.compress(json.dumps({"name": "a"}).encode())

    answer = client.post(
        "/v1/things",
        data=packed,
        content_type="application/json",
        headers={**writer, "Content-Encoding": "gzip", "Accept-Encoding": "gzip"},
    )

    assert answer.headers["Content-Encoding"] == "gzip"
    assert orjson.loads(gzip.decompress(answer.data))["name"] == "a" * 5000
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("gzip;q=0", False),
        ("*", True),
        ("*;q=0", False),
        ("br, gzip;q=0.5", True),
        ("identity", False),
        (None, False),
        ("gzip;q=x", False),
        ("GZIP;Q=0.1, *;q=0", True),
        ("*, gzip;q=0", False),
    ],
)
def test_accept_encoding(client, services, writer, header, accepted):
    services.answers["things.get"] = {"id": ID, "name": "a" * 5000}

    answer = client.get(f"/v1/things/{ID}", headers={**writer, "Accept-Encoding": header} if header else writer)

    assert (answer.headers.get("Content-Encoding") == "gzip") is accepted
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_small_answers_are_not_worth_gzip(client, services, writer):
    services.answers["things.get"] = {"id": ID}

    answer = client.get(f"/v1/things/{ID}", headers={**writer, "Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("kind", errors.KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_kind_of_error_has_its_status(client, services, writer, kind):
    services.answers["things.get"] = kind("thing.wrong", "No.", {"limit": 5}, [])

    answer = client.get(f"/v1/things/{ID}", headers=writer)

    told = answer.json
    assert (told["code"], told["detail"], told["limit"]) == ("thing.wrong", "No.", 5)
    assert 400 <= answer.status_code <= 503
    assert ("Retry-After" in answer.headers) == (answer.status_code in (429, 503))


@pytest.mark.parametrize("path", ["/v1/broken", f"/v1/things/{ID}"])
def test_unforeseen_failures_leak_nothing(client, services, writer, path):
    services.answers["things.get"] = RemoteFailure("things.get failed: SecretError")

    answer = client.get(path, headers=writer)

    problem_of(answer, 500, "internal")
    assert "Secret" not in answer.text and "Traceback" not in answer.text and "division" not in answer.text


@pytest.mark.parametrize(
    ("error", "code"),
    [(psycopg.errors.AdminShutdown("bye"), "database.unavailable"), (psycopg.errors.DiskFull("no"), "database.full")],
)
def test_a_database_that_takes_nothing_is_worth_asking_again(client, services, writer, error, code):
    services.answers["things.create"] = OperationalError("INSERT", {}, error)

    answer = client.post("/v1/things", json={"name": "a"}, headers=writer)

    problem_of(answer, 503, code)
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("code", ["database.unanswered", "service.timeout", "service.unanswered"])
def test_what_may_be_done_is_asked_again_only_where_twice_is_once(client, services, writer, code):
    services.answers["things.get"] = services.answers["things.create"] = errors.Unavailable(code, "Look first.")

    read = client.get(f"/v1/things/{ID}", headers=writer)
    made = client.post("/v1/things", json={"name": "box"}, headers=writer)

    for answer, is_repeatable in ((read, True), (made, False)):
        problem_of(answer, 503, code)
        assert ("Retry-After" in answer.headers) == is_repeatable


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1/things/", "//v1/things", "/v1/things/a/b/c", "/v1/%ff", "/v1/%00", "/v1/things%2f"]
)
def test_no_such_address(client, path):
    problem_of(client.get(path), 404, "route.not_found")


def test_other_method(client):
    answer = client.put("/v1/things")

    problem_of(answer, 405, "method.not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_head_and_options(client, services, writer):
    services.answers["things.get"] = {"id": ID}

    head = client.head(f"/v1/things/{ID}", headers=writer)
    options = client.options("/v1/things")

    assert (head.status_code, head.data) == (200, b"")
    assert options.status_code in (200, 204)
    assert "POST" in options.headers["Allow"]


def test_request_id_is_taken_and_given_back(client):
    assert client.get("/v1/things", headers={"X-Request-Id": "trace-1"}).headers["X-Request-Id"] == "trace-1"
    made = client.get("/v1/things", headers={"X-Request-Id": "bad id <script>"}).headers["X-Request-Id"]
    assert "script" not in made


def test_security_headers_are_everywhere(client):
    for answer in (client.get("/v1/things"), client.get("/nothing")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"


def test_cors_only_for_configured_origins(make_client):
    client = make_client(ROUTES, cors_origins=("https://panel.example",))
    preflight = {"Origin": "https://panel.example", "Access-Control-Request-Method": "POST"}

    allowed = client.options("/v1/things", headers=preflight)
    refused = client.options("/v1/things", headers={**preflight, "Origin": "https://evil.example"})

    assert allowed.headers["Access-Control-Allow-Origin"] == "https://panel.example"
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in refused.headers
