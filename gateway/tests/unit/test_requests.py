"""What a request says becomes the payload of one RPC, or is refused with the field that is wrong."""

import json

import pytest
from things import ID, ROUTES, problem_of

from api_gateway import path_ids
from contracts.errors import NotFound


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


def test_query_is_passed_on_and_lists_are_gathered(client, services, writer):
    services.answers["things.list"] = {"items": [], "next_cursor": None}

    answer = client.get("/v1/things?limit=5&tag=x&tag=y", headers=writer)

    assert answer.json == {"items": [], "next_cursor": None}
    ((_actor, payload),) = services.asked("things.list")
    assert payload == {"limit": "5", "tag": ["x", "y"]}


@pytest.fixture
def given_cursors(client, services, writer):
    """Cursors of a list, of the parts of one thing, and of a search."""
    page = {"items": [], "next_cursor": "abc"}
    services.answers |= {"things.list": page, "things.parts": page, "things.search": page}
    answers = (
        client.get("/v1/things", headers=writer),
        client.get(f"/v1/things/{ID}/parts", headers=writer),
        client.post("/v1/things/search", json={}, headers=writer),
    )
    return [answer.json["next_cursor"] for answer in answers]


def test_a_cursor_leads_on_in_its_own_list(client, services, writer, given_cursors):
    of_list, of_parts, of_search = given_cursors
    client.get(f"/v1/things?cursor={of_list}", headers=writer)
    client.get(f"/v1/things/{ID}/parts?cursor={of_parts}", headers=writer)
    client.post("/v1/things/search", json={"cursor": of_search}, headers=writer)
    client.post("/v1/things/search", json={"cursor": None}, headers=writer)

    assert len(set(given_cursors)) == 3
    for name in ("things.list", "things.parts"):
        assert [payload.get("cursor") for _, payload in services.asked(name)] == [None, "abc"]
    assert [payload.get("cursor") for _, payload in services.asked("things.search")] == [None, "abc", None]


def test_a_cursor_of_another_list_or_none_at_all_is_refused(client, services, writer, given_cursors):
    of_list, of_parts, of_search = given_cursors
    other = ID.replace("0193", "0194")
    for path, cursors in {
        "/v1/things": [of_parts, of_search, "abc", "", "x" * 40],
        f"/v1/things/{ID}/parts": [of_list, of_search],
        f"/v1/things/{other}/parts": [of_parts],
    }.items():
        for cursor in cursors:
            told = problem_of(client.get(f"{path}?cursor={cursor}", headers=writer), 422, "request.invalid")
            assert [(error["field"], error["code"]) for error in told["errors"]] == [("cursor", "cursor.invalid")]
    told = problem_of(
        client.post("/v1/things/search", json={"cursor": of_list}, headers=writer), 422, "request.invalid"
    )
    assert told["errors"][0]["code"] == "cursor.invalid"


@pytest.mark.parametrize("malformed", ["abc", "1", ID[:-1], ID + "0", ID.replace("-", ""), f"urn:uuid:{ID}", "ż%20x"])
def test_what_is_no_id_is_not_found_by_the_noun_of_its_service(client, services, writer, malformed):
    def nobody(_actor, payload):
        assert payload == {"thing_id": str(path_ids.NOBODYS)}
        raise NotFound("thing.not_found", "There is no such thing.")

    services.answers["things.get"] = nobody

    problem_of(client.get(f"/v1/things/{malformed}", headers=writer), 404, "thing.not_found")
    problem_of(client.get(f"/v1/things/{malformed}"), 401, "session.missing")


def test_a_word_of_another_path_is_no_id(client, services, writer):
    answer = client.get("/v1/things/search", headers=writer)

    problem_of(answer, 405, "method.not_allowed")
    assert set(client.options("/v1/things/search").headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    problem_of(client.get(f"/v1/things/{ID}/more", headers=writer), 404, "route.not_found")
    assert services.asked("things.get") == []


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("limit=0", "limit", "field.out_of_range"),
        ("limit=1001", "limit", "field.out_of_range"),
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
        ({"name": ""}, "name", "field.too_short"),
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
