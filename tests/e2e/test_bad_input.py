"""Bad input gets a problem detail and leaves nothing behind."""

import gzip
import http.client
import json
import urllib.parse

import pytest
from api import Api, Refused

GROUPS = "/v1/groups"


def groups(api):
    return [group["name"] for group in api.pages(GROUPS)]


def refusal(api, body, headers=None, path=GROUPS, method="POST"):
    with pytest.raises(Refused) as refused:
        api.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
    problem = refused.value.problem
    assert set(problem) >= {"type", "title", "status", "code", "request_id"}
    assert problem["status"] == refused.value.status
    assert "Traceback" not in json.dumps(problem)
    return problem


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"name": "a"', {}, 400),
        (b"", {}, 422),
        (b'\xff\xfe{"name": "a"}', {}, 400),
        (b'{"name": "\xb3"}', {}, 400),
        (b'{"name": NaN}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"[]", {}, 422),
        (b"{}", {}, 422),
        (b'{"name": 7}', {}, 422),
        (b'{"name": "a", "colour": "red"}', {}, 422),
        (b'{"name": ""}', {}, 422),
        (b'{"name": "%s"}' % (b"a" * 5_000), {}, 422),
        (b'{"name": "a\\u0000b"}', {}, 400),
        (b"name=a", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (gzip.compress(b'{"name": "%s"}' % (b"a" * 60_000_000)), {"Content-Encoding": "gzip"}, 413),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (b'{"name": "a"}', {"Content-Encoding": "zap"}, 415),
    ],
)
def test_bad_body_is_a_problem_and_leaves_nothing(journey, body, headers, status):
    problem = refusal(journey.api, body, headers)

    assert problem["status"] == status
    if status == 422 and body not in (b"[]",):
        assert problem["errors"][0]["field"] in ("name", "colour")
    assert groups(journey.api) == []


def test_body_over_the_limit_is_refused_before_it_is_read(journey, environ):
    address = urllib.parse.urlsplit(environ["WICI_PUBLIC_URL"])
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    connection.putrequest("POST", GROUPS)
    connection.putheader("Authorization", f"Bearer {journey.api.token}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "2000000000")
    connection.endheaders(b'{"name": "')

    answer = connection.getresponse()

    assert answer.status == 413
    assert json.loads(answer.read())["status"] == 413
    connection.close()


def test_wrong_token_method_path_and_id(journey, environ):
    stranger = Api(environ["WICI_PUBLIC_URL"], "wk_" + "x" * 43)

    assert refusal(stranger, None, method="GET")["status"] == 401
    assert refusal(Api(environ["WICI_PUBLIC_URL"]), None, method="GET")["status"] == 401
    assert refusal(journey.api, None, path="/v1/nothing", method="GET")["status"] == 404
    assert refusal(journey.api, b"{}", method="PUT")["status"] == 405
    assert refusal(journey.api, None, path=f"{GROUPS}/not-an-id", method="GET")["status"] == 404
    assert refusal(journey.api, None, path=f"{GROUPS}?limit=0", method="GET")["status"] == 422
    assert refusal(journey.api, None, path=f"{GROUPS}?cursor=%00rubbish", method="GET")["status"] in (400, 422)
    assert refusal(journey.api, None, path=f"{GROUPS}?colour=red", method="GET")["status"] == 422


def test_same_idempotency_key_same_answer_and_another_body_is_refused(journey):
    sms = {"from": "Wici", "to": ["+48600100200"], "text": "Raz", "lane": "transactional"}

    first = journey.api.post("/v1/sms", sms, key="one")
    again = journey.api.post("/v1/sms", sms, key="one")

    assert first == again
    with pytest.raises(Refused) as refused:
        journey.api.post("/v1/sms", {**sms, "text": "Dwa"}, key="one")
    assert refused.value.status == 422


def test_files_that_are_no_lists_are_refused_by_name_and_by_content(journey, tmp_path):
    twice = tmp_path / "list.test.txt"
    twice.write_text("telefon\n600100200\n")
    rubbish = tmp_path / "rubbish.csv"
    rubbish.write_bytes(bytes(range(256)) * 40)

    with pytest.raises(Refused) as refused:
        journey.api.upload("/v1/imports", twice, options={})
    assert refused.value.status in (415, 422)
    with pytest.raises((Refused, RuntimeError)):
        journey.import_contacts(rubbish, group="Nic")
    assert list(journey.api.pages("/v1/contacts")) == []
