"""Every request passes the same checks, in the same order, and every refusal is a problem detail."""

import gzip
import json

import orjson
import pytest
from marshmallow import fields, validate

from api_gateway import responses
from api_gateway.routing import ANYONE, PUBLIC, Route
from chassis.rpc_client import RemoteFailure
from contracts import errors
from contracts.schema import PageQuery, Schema

ID = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"


class Wood(Schema):
    soft = fields.Boolean()


class Metal(Schema):
    name = fields.String()
    melts_at = fields.Integer()


class ThingCreate(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1))
    size = fields.Integer()
    open = fields.Boolean()
    tags = fields.List(fields.String())
    made_of = fields.Dict(metadata={"any_of": (Wood, Metal)})


class ThingUpdate(Schema):
    thing_id = fields.UUID(required=True)
    name = fields.String()


class ThingQuery(PageQuery):
    tag = fields.List(fields.String())


ROUTES = [
    Route("GET", "/v1/things", rpc="things.list", permission="contacts.read", summary="List", query=ThingQuery),
    Route(
        "POST",
        "/v1/things",
        rpc="things.create",
        permission="contacts.write",
        summary="Create",
        request=ThingCreate,
        status=201,
        location="/v1/things/{id}",
    ),
    Route(
        "PATCH",
        "/v1/things/<uuid:thing_id>",
        rpc="things.update",
        permission="contacts.write",
        summary="Change",
        request=ThingUpdate,
    ),
    Route("GET", "/v1/things/<uuid:thing_id>", rpc="things.get", permission="contacts.read", summary="Get"),
    Route("DELETE", "/v1/things/<uuid:thing_id>", rpc="things.delete", permission=ANYONE, summary="Go", status=204),
    Route(
        "POST",
        "/v1/things/<uuid:thing_id>/count",
        rpc="things.count",
        permission=ANYONE,
        summary="Count",
        status=202,
        location="/v1/counts/{id}",
        retry_after=3,
    ),
    Route(
        "GET",
        "/v1/campaigns",
        rpc="things.campaigns",
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="Campaigns",
    ),
    Route("GET", "/v1/users", rpc="things.users", permission="users.manage", summary="Users", session_only=True),
    Route("GET", "/v1/operator/things", rpc="things.all", permission=ANYONE, summary="All", operator=True),
    Route("POST", "/v1/sign-ups", rpc="things.sign_up", permission=PUBLIC, summary="Sign up", request=ThingCreate),
    Route("GET", "/v1/broken", permission=ANYONE, summary="Broken", handler=lambda _context: 1 / 0),
]


@pytest.fixture
def client(make_client):
    return make_client(ROUTES)


@pytest.fixture
def writer(log_in):
    return log_in(permissions=["contacts"])


def problem_of(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    told = answer.json
    assert told["status"] == status
    assert told["code"] == code
    assert told["type"] == f"urn:wici:problem:{code}"
    assert told["title"]
    assert told["request_id"] == answer.headers["X-Request-Id"]
    return told


def test_one_rpc_with_path_query_and_body_in_one_payload(client, services, writer):
    services.answers["things.update"] = {"id": ID, "name": "Gdynia"}

    answer = client.patch(f"/v1/things/{ID.upper()}", json={"name": "Gdynia"}, headers=writer)

    assert answer.status_code == 200
    assert answer.json == {"id": ID, "name": "Gdynia"}
    ((actor, payload),) = services.asked("things.update")
    assert payload == {"thing_id": ID, "name": "Gdynia"}
    assert actor["account_id"] and actor["request_id"] == answer.headers["X-Request-Id"]
    assert actor["permissions"] == ["contacts"]
    assert actor["address"] == "127.0.0.1"


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


def test_query_is_passed_on_and_lists_are_gathered(client, services, writer):
    services.answers["things.list"] = {"items": [], "next_cursor": None}

    answer = client.get("/v1/things?limit=5&cursor=abc&tag=x&tag=y", headers=writer)

    assert answer.json == {"items": [], "next_cursor": None}
    ((_actor, payload),) = services.asked("things.list")
    assert payload == {"limit": "5", "cursor": "abc", "tag": ["x", "y"]}


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("limit=0", "limit", "field.invalid"),
        ("limit=1001", "limit", "field.invalid"),
        ("limit=ten", "limit", "field.wrong_type"),
        ("limit=1&limit=2", "limit", "field.repeated"),
        ("colour=red", "colour", "field.unknown"),
    ],
)
def test_wrong_query(client, writer, query, field, code):
    told = problem_of(client.get(f"/v1/things?{query}", headers=writer), 422, "request.invalid")

    assert [(error["field"], error["code"]) for error in told["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ({}, "name", "field.missing"),
        ({"name": "a", "colour": "red"}, "colour", "field.unknown"),
        ({"name": 5}, "name", "field.wrong_type"),
        ({"name": "a", "size": "5"}, "size", "field.wrong_type"),
        ({"name": "a", "size": True}, "size", "field.wrong_type"),
        ({"name": "a", "size": 1.5}, "size", "field.wrong_type"),
        ({"name": "a", "open": "yes"}, "open", "field.wrong_type"),
        ({"name": "a", "tags": ["x", 1]}, "tags.1", "field.wrong_type"),
        ({"name": "a", "tags": "x"}, "tags", "field.wrong_type"),
        ({"name": "a", "made_of": {"soft": 0}}, "made_of.soft", "field.wrong_type"),
        ({"name": "a", "made_of": {"name": "tin", "melts_at": "232"}}, "made_of.melts_at", "field.wrong_type"),
        ({"name": ""}, "name", "field.invalid"),
        ([1], "", "field.wrong_type"),
        ("a", "", "field.wrong_type"),
        (None, "", "field.wrong_type"),
    ],
)
def test_wrong_body_names_the_field_and_reaches_no_service(client, services, writer, sent, field, code):
    told = problem_of(
        client.post("/v1/things", data=json.dumps(sent), content_type="application/json", headers=writer),
        422,
        "request.invalid",
    )

    assert (field, code) in [(error["field"], error["code"]) for error in told["errors"]]
    assert not services.asked("things.create")


def test_path_parameter_in_the_body_is_unknown(client, writer):
    answer = client.patch(f"/v1/things/{ID}", json={"thing_id": ID}, headers=writer)

    told = problem_of(answer, 422, "request.invalid")
    assert told["errors"][0]["field"] == "thing_id"


@pytest.mark.parametrize(
    ("raw", "content_type", "status", "code"),
    [
        (b'{"name": ', "application/json", 400, "json.malformed"),
        (b'{"name": "a", "name": "b"}', "application/json", 400, "json.duplicate_key"),
        (b'{"name": NaN}', "application/json", 400, "json.malformed"),
        (b'{"name": "\xc5"}', "application/json", 400, "json.not_utf8"),
        (b"[" * 5000, "application/json", 400, "json.too_deep"),
        (b"name=a", "application/x-www-form-urlencoded", 415, "request.unsupported_media_type"),
        (b"{}", "application/json; charset=latin1", 415, "request.unsupported_charset"),
        (b'{"name": "' + b"a" * 2000 + b'"}', "application/json", 413, "request.too_large"),
    ],
)
def test_unreadable_bodies(make_client, writer, raw, content_type, status, code):
    client = make_client(ROUTES, max_body=1000 if status == 413 else 100_000)

    problem_of(client.post("/v1/things", data=raw, content_type=content_type, headers=writer), status, code)


def test_body_where_none_is_taken(client, services, writer):
    services.answers["things.count"] = {"id": ID}

    assert client.post(f"/v1/things/{ID}/count", json={}, headers=writer).status_code == 202
    problem_of(client.post(f"/v1/things/{ID}/count", json={"a": 1}, headers=writer), 422, "request.invalid")


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
    ],
)
def test_accept_encoding(header, accepted):
    assert responses.accepts_gzip(header) is accepted


def test_nobody_is_logged_in(client):
    answer = client.get("/v1/things")

    problem_of(answer, 401, "session.missing")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_wrong_token(client):
    problem_of(client.get("/v1/things", headers={"Authorization": "Bearer wrong"}), 401, "session.invalid")


def test_missing_permission_is_named(client, log_in):
    answer = client.get("/v1/things", headers=log_in(permissions=["sms"]))

    assert problem_of(answer, 403, "permission.missing")["permission"] == "contacts.read"


def test_users_are_managed_in_a_session_only(client, services, log_in):
    services.answers["things.users"] = {}
    key = log_in("wk_1", permissions=["users", "users.manage"], kind="api_key")
    session = log_in("session", permissions=["users"])

    problem_of(client.get("/v1/users", headers=key), 403, "session.required")
    assert client.get("/v1/users", headers=session).status_code == 200


def test_operators_only(client, services, log_in, writer):
    services.answers["things.all"] = {}

    told = problem_of(client.get("/v1/operator/things", headers=writer), 403, "operator.required")
    assert "permission" not in told  # no permission makes an operator
    operator = log_in("operator", kind="operator", account_id=None)
    assert client.get("/v1/operator/things", headers=operator).status_code == 200


def test_operator_has_no_account_of_its_own(client, log_in):
    operator = log_in("operator", kind="operator", account_id=None)

    problem_of(client.get("/v1/things", headers=operator), 403, "account.required")
    problem_of(client.get("/v1/campaigns", headers=operator), 403, "account.required")


def test_account_address_rules(client, log_in):
    panel = log_in("panel", permissions=["contacts"], ip_rules={"panel": ["192.0.2.0/24"], "api": []})
    key = log_in("key", permissions=["contacts"], kind="api_key", key_ip_list=["192.0.2.1"])

    problem_of(client.get("/v1/things", headers=panel), 403, "address.not_allowed")
    problem_of(client.get("/v1/things", headers=key), 403, "address.not_allowed")


def test_global_address_rules_come_before_everything(make_client, services):
    client = make_client(ROUTES, blocked_networks=("127.0.0.1",))

    problem_of(client.get("/v1/things", headers={"Authorization": "Bearer x"}), 403, "address.not_allowed")
    assert services.calls == []


def counting_lease():
    used = {}

    def lease(subject, start, wanted, limit):
        before = used.get(subject, 0)
        granted = min(wanted, limit - before)
        used[subject] = before + granted
        return granted, limit - before - granted

    return lease


def test_rate_limit_of_an_account(make_client, services, writer):
    services.answers["things.get"] = {}
    client = make_client(ROUTES, account_rate=2, lease=counting_lease())

    answers_ = [client.get(f"/v1/things/{ID}", headers=writer) for _ in range(3)]

    assert [answer.status_code for answer in answers_] == [200, 200, 429]
    assert answers_[0].headers["RateLimit-Limit"] == "2"
    assert answers_[1].headers["RateLimit-Remaining"] == "0"
    told = problem_of(answers_[2], 429, "rate.limited")
    assert answers_[2].headers["Retry-After"] == answers_[2].headers["RateLimit-Reset"] == str(told["retry_after"])


def test_rate_limit_of_an_address_before_login(make_client, services):
    client = make_client(ROUTES, address_rate=2, lease=counting_lease())
    services.answers["things.sign_up"] = {}

    statuses = [client.get("/v1/things", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(3)]

    assert statuses == [401, 401, 429]
    assert len(services.calls) == 2
    assert client.post("/v1/sign-ups", json={"name": "a"}).status_code == 429


def test_rate_limit_of_a_key(make_client, services, log_in):
    services.answers["things.get"] = {}
    key = log_in("wk_1", permissions=["contacts"], kind="api_key")
    client = make_client(ROUTES, key_rate=1, lease=counting_lease())

    assert [client.get(f"/v1/things/{ID}", headers=key).status_code for _ in range(2)] == [200, 429]


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
    "path", ["/nothing", "/v1/things/", "//v1/things", "/v1/things/not-a-uuid", "/v1/%ff", "/v1/%00", "/v1/things%2f"]
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


def test_client_address_comes_through_trusted_proxies_only(make_client, services, writer):
    services.answers["things.get"] = {}
    forwarded = {**writer, "X-Forwarded-For": "203.0.113.9"}

    make_client(ROUTES).get(f"/v1/things/{ID}", headers=forwarded)
    make_client(ROUTES, trusted_proxies=("127.0.0.1",)).get(f"/v1/things/{ID}", headers=forwarded)

    assert [actor["address"] for actor, _payload in services.asked("things.get")] == ["127.0.0.1", "203.0.113.9"]
