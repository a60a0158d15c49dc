"""Lists of what an account has named itself: found by words, in either order, and counted."""

from __future__ import annotations

import pytest
from journey import Journey

RULES = {"field": "city", "op": "eq", "value": "Gdynia"}
NAMES = ("Łódź wiosna", "Zima [100%]", "łodzianie")


def user(number, name):
    login = f"osoba{number}"
    return {"login": login, "email": f"{login}@poczta.example", "name": name, "password": "trzy zielone parasole"}


LISTS = {
    "/v1/groups": (lambda _n, name: {"name": name}, 0, False),
    "/v1/segments": (lambda _n, name: {"name": name, "rules": RULES}, 0, False),
    "/v1/templates": (lambda _n, name: {"name": name, "channel": "sms", "content": {"text": "Cześć"}}, 0, True),
    "/v1/campaigns": (lambda _n, name: {"name": name, "channel": "sms"}, 0, True),
    "/v1/users": (user, 1, False),  # the owner is there already
}


@pytest.fixture(scope="module")
def api(environ):
    journey = Journey(environ)
    journey.register()
    return journey


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_searched_sorted_and_counted(api, path):
    make, there_already, is_newest_first = LISTS[path]
    for number, name in enumerate(NAMES):
        api.api.post(path, make(f"{number}{api.login}"[:20], name))

    def told(**asked):
        page = api.api.get(path, **asked)
        return [item["name"] for item in page["items"]], page["total"], page["total_is_estimate"]

    in_order = list(NAMES[::-1] if is_newest_first else NAMES)
    everything, total, is_estimate = told()
    assert ([name for name in everything if name], total, is_estimate) == (in_order, 3 + there_already, False)
    assert told(q="lodz") == ([name for name in in_order if "dz" in name.lower() or "dź" in name], 2, False)
    assert told(q="WIOSNA łódź")[0] == [NAMES[0]]
    assert told(q="[100%]") == ([NAMES[1]], 1, False)
    assert told(q="wiosna zima") == ([], 0, False)
    assert [name for name in told(sort="created")[0] if name] == list(NAMES)
    assert [name for name in told(sort="-created")[0] if name] == list(NAMES[::-1])
    first = api.api.get(path, q="odz", limit=1, sort="-created")
    second = api.api.get(path, q="odz", limit=1, sort="-created", cursor=first["next_cursor"])
    assert (first["total"], second["total"], second["next_cursor"]) == (2, None, None)
    assert [page["items"][0]["name"] for page in (first, second)] == [NAMES[2], NAMES[0]]
