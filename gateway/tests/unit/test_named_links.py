"""Named links: followed from what the gateway keeps, counted without a person, ended in the account's brand."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from api_gateway import store
from api_gateway.app import create_app
from api_gateway.routes import tracking as routes
from chassis.ids import new_id
from contracts.events import NAMED_LINKS_FOLLOWED

ACCOUNT, LINK = new_id(), new_id()
TARGET = "https://sklep.example/wiosna?miasto=Łódź"
BRAND = {
    "name": "Sklep Łąka", "logo": None, "background": "#ffffff", "text": "#1d2129", "button": "#14532d",
    "button_text": "#ffffff",
}  # fmt: skip


@pytest.fixture
def kept(monkeypatch):
    """What the database has of `wiosna`; an exception: it does not answer."""
    kept = {"row": (LINK, ACCOUNT, TARGET, None)}

    def find(session, *, suffix):
        if isinstance(kept["row"], Exception):
            raise kept["row"]
        return kept["row"] if suffix == "wiosna" else None

    monkeypatch.setattr(store, "named_link", find)
    monkeypatch.setattr(store, "unsubscribe_page", lambda *_, **__: {"id": "x", "brand": BRAND, "texts": {}})
    return kept


@pytest.fixture
def wiring(make_wiring, kept):
    @contextmanager
    def transaction():
        yield None

    return make_wiring(transaction)


@pytest.fixture
def client(wiring):
    return create_app(wiring, routes.ROUTES).test_client()


def clicks(wiring, publisher):
    wiring.recorder.round()
    told = [orjson.loads(body) for event, body in publisher.events if event is NAMED_LINKS_FOLLOWED]
    assert {one["account_id"] for one in told} <= {str(ACCOUNT)}
    return [click for one in told for click in one["clicks"]]


def test_it_leads_to_its_target_and_says_nothing_of_the_person(client, wiring, publisher):
    for path in ("/l/wiosna", "/l/WIOSNA"):
        answer = client.get(path, headers={"User-Agent": "Firefox"})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
        assert answer.headers["Location"] == "https://sklep.example/wiosna?miasto=%C5%81%C3%B3d%C5%BA"
    client.get("/l/wiosna", headers={"Sec-Purpose": "prefetch"})
    client.head("/l/wiosna")

    found = clicks(wiring, publisher)
    assert [click["is_machine"] for click in found] == [False, False, True, True]
    assert {frozenset(click) for click in found} == {frozenset({"click_id", "link_id", "at", "is_machine"})}
    assert len({click["click_id"] for click in found}) == 4


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ((LINK, ACCOUNT, None, None), 410),
        ((LINK, ACCOUNT, TARGET, datetime.now(UTC) - timedelta(seconds=1)), 410),
        (TimeoutError(), 503),
    ],
)
def test_what_leads_nowhere_is_a_page(client, kept, wiring, publisher, row, status):
    kept["row"] = row
    answer = client.get("/l/wiosna", headers={"Accept-Language": "en"})
    assert answer.status_code == status and ("Retry-After" in answer.headers) is (status == 503)
    assert ("Sklep Łąka" in answer.text) is (status == 410)
    assert client.get("/l/nikt").status_code == 503 if status == 503 else 404
    assert clicks(wiring, publisher) == []


def test_it_is_followed_while_the_database_is_away(client, kept, monkeypatch, wiring):
    assert client.get("/l/wiosna").status_code == 302
    kept["row"] = TimeoutError()
    wiring.named_links._clock = lambda: 1e9
    assert client.get("/l/wiosna").status_code == 302
