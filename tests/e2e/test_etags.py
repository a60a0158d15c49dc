"""Of those who edit what they have seen exactly one wins, and the others learn what it is now: everything edited."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from journey import Journey

BRAND = {"name": "Sklep"}
RULES = {"field": "city", "op": "eq", "value": "Gdynia"}
WRITERS = 4


@pytest.fixture(scope="module")
def http(environ):
    """`http("GET", path, …)`: an answer, whatever its status."""
    journey = Journey(environ)
    journey.register()

    def ask(method, path, body=None, **headers):
        sent = {"Authorization": f"Bearer {journey.api.token}", **headers}
        return requests.request(method, journey.api.base_url + path, json=body, headers=sent, timeout=60)

    return ask


def word():
    return f"a{secrets.token_hex(5)}"


def a_user():
    login = word()
    return {"login": login, "email": f"{login}@poczta.example", "password": "trzy zielone parasole"}


# Where it is made, of what, and two changes of it; None: the account is there already.
THINGS = {
    "contacts": ("/v1/contacts", lambda: {"email": f"{word()}@poczta.example"}, "PATCH", lambda: {"city": word()}),
    "groups": ("/v1/groups", lambda: {"name": word()}, "PATCH", lambda: {"name": word()}),
    "segments": ("/v1/segments", lambda: {"name": word(), "rules": RULES}, "PATCH", lambda: {"name": word()}),
    "fields": ("/v1/contact-fields", lambda: {"key": word(), "type": "text"}, "PATCH", lambda: {"label": word()}),
    "templates": (
        "/v1/templates",
        lambda: {"name": word(), "channel": "sms", "content": {"text": "Cześć"}},
        "PATCH",
        lambda: {"name": word()},
    ),
    "campaigns": ("/v1/campaigns", lambda: {"name": word(), "channel": "sms"}, "PATCH", lambda: {"name": word()}),
    "users": ("/v1/users", a_user, "PATCH", lambda: {"name": word()}),
    "roles": ("/v1/roles", lambda: {"name": word(), "permissions": []}, "PATCH", lambda: {"name": word()}),
    "keys": ("/v1/api-keys", lambda: {"name": word(), "scopes": ["contacts.read"]}, "PATCH", lambda: {"name": word()}),
    "forms": (
        "/v1/forms",
        lambda: {"name": word(), "consent_texts": {"pl": "Zgoda"}, "language": "pl"},
        "PATCH",
        lambda: {"title": word()},
    ),
    "links": (
        "/v1/links",
        lambda: {"suffix": word(), "target": "https://sklep.example/"},
        "PATCH",
        lambda: {"name": word()},
    ),
    "unsubscribe pages": (
        "/v1/unsubscribe-pages",
        lambda: {"name": word(), "brand": BRAND},
        "PATCH",
        lambda: {"name": word()},
    ),
    "keywords": (
        "/v1/sms-keywords",
        lambda: {"keyword": word(), "answer": "Jest"},
        "PATCH",
        lambda: {"answer": word()},
    ),
    "push": (
        "/v1/push/applications",
        lambda: {"name": word(), "title": "Sklep"},
        "PATCH",
        lambda: {"title": word()},
    ),
    "webhooks": (
        "/v1/webhooks",
        lambda: {"url": "https://hooks.example/w", "events": ["message.delivered"]},
        "PATCH",
        lambda: {"description": word()},
    ),
}


@pytest.fixture(params=THINGS)
def thing(request, http):
    """The path of a thing that was made, and how it is changed."""
    collection, make, method, change = THINGS[request.param]
    made = http("POST", collection, make())
    assert made.status_code == 201, made.text
    return f"{collection}/{made.json()['id']}", method, change


def at_once(write):
    ready = threading.Barrier(WRITERS)

    def turn(_number):
        ready.wait()
        return write()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(turn, range(WRITERS)))


def one_wins(http, path, method, change):
    seen = http("GET", path).headers["ETag"]
    answers = at_once(lambda: http(method, path, change(), **{"If-Match": seen}))

    assert sorted(answer.status_code for answer in answers) == [200, *[412] * (WRITERS - 1)], [a.text for a in answers]
    now = http("GET", path).headers["ETag"]
    assert now != seen
    assert {answer.headers["ETag"] for answer in answers} == {now}
    refused = next(answer for answer in answers if answer.status_code == 412)
    assert refused.json()["code"] == "precondition.failed"
    return seen, now


def test_of_those_who_saw_the_same_one_wins(http, thing):
    path, method, change = thing
    stale, _current = one_wins(http, path, method, change)

    assert http("DELETE", path, **{"If-Match": stale}).status_code == 412
    assert http("DELETE", path, **{"If-Match": f"W/{http('GET', path).headers['ETag']}"}).status_code == 412
    current = http("GET", path).headers["ETag"]
    assert http("DELETE", path, **{"If-Match": f'"{secrets.token_hex(11)}", {current}'}).status_code == 204
    assert http("DELETE", path, **{"If-Match": current}).status_code == 404


def test_of_those_who_saw_the_same_account_one_wins(http):
    names = [{"company": {"name": f"Firma {number}"}} for number in range(WRITERS)]
    one_wins(http, "/v1/account", "PATCH", names.pop)


# What an account has one of: where it stands, and changes of it.
SETTINGS = {
    "/v1/me": ("PATCH", lambda: {"name": word()}),
    "/v1/frequency-cap": ("PUT", lambda: {"cap": {"messages": secrets.randbelow(100) + 1, "days": 7}}),
    "/v1/campaign-rules": ("PUT", lambda: {"quiet_hours": None, "approval_above": secrets.randbelow(10**9)}),
    "/v1/stop-confirmation": ("PUT", lambda: {"enabled": True, "text": word()}),
    "/v1/account/ip-rules": ("PUT", lambda: {"panel": [], "api": [f"10.{secrets.randbelow(256)}.0.0/16"]}),
}


@pytest.mark.parametrize("path", SETTINGS)
def test_of_those_who_saw_the_same_settings_one_wins(http, path):
    one_wins(http, path, *SETTINGS[path])


def test_of_those_who_saw_the_same_rules_of_the_second_factor_one_wins(http):
    days = [0, 1, 7, 30]
    days.remove(http("GET", "/v1/account/security").json()["trusted_device_days"])
    wanted = [{"second_factor_required": False, "trusted_device_days": one} for one in (*days, days[0])]
    one_wins(http, "/v1/account/security", "PUT", wanted.pop)


def test_without_if_match_and_with_any_the_last_one_wins(http, thing):
    path, method, change = thing

    for headers in ({}, {"If-Match": "*"}):
        answer = http(method, path, change(), **headers)
        assert answer.status_code == 200
        assert answer.headers["ETag"] == http("GET", path).headers["ETag"]


def test_rights_of_a_user_are_set_by_one_of_two(http):
    made = http("POST", "/v1/users", a_user()).json()
    wanted = [{"permissions": [name]} for name in ("contacts", "sms", "email", "reports")]
    seen = http("GET", f"/v1/users/{made['id']}").headers["ETag"]

    answers = at_once(
        lambda: http("PUT", f"/v1/users/{made['id']}/permissions", wanted.pop(), **{"If-Match": seen}).status_code
    )

    assert sorted(answers) == [200, 412, 412, 412]


def test_what_nobody_edits_changes_no_tag(http):
    group = http("POST", "/v1/groups", {"name": word()})
    contact = http("POST", "/v1/contacts", {"email": f"{word()}@poczta.example", "group_ids": [group.json()["id"]]})

    shown = http("GET", f"/v1/groups/{group.json()['id']}")

    assert contact.status_code == 201
    assert (shown.json()["contacts"], shown.headers["ETag"]) == (1, group.headers["ETag"])
