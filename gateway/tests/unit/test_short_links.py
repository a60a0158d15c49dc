"""Short links: what a code leads to, and what is said of those that lead nowhere."""

import itertools
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from api_gateway import store
from api_gateway.app import create_app
from api_gateway.limits import RateLimiter
from api_gateway.routes import tracking as routes
from api_gateway.tracking import lookups, short_links
from chassis.ids import new_id
from contracts import ids
from contracts.lanes import DELIVERY_EVENTS, ORDINARY_EVENTS
from contracts.short_codes import Codes

KEY = b"fedcba9876543210fedcba9876543210"
ACCOUNT, CAMPAIGN, SEND = new_id(), new_id(), new_id()
TARGETS = ["https://sklep.example/a?kod=ż", "https://sklep.example/b"]
CODES = Codes(KEY)


@pytest.fixture
def blocks(monkeypatch):
    """The database: one block, from position 1000 on, of recipients 4096 to 4105."""
    kept = [(1000, 4096, 10, ACCOUNT, CAMPAIGN, SEND, TARGETS)]
    asked = []

    def block(session, position):
        asked.append(position)
        return max((one for one in kept if one[0] <= position), default=None)

    monkeypatch.setattr(store, "short_link_block", block)
    monkeypatch.setattr(store, "are_short_links_over", lambda session, position: position < 1000)
    return type("Blocks", (), {"kept": kept, "asked": asked})


@pytest.fixture
def wiring(make_wiring, blocks):
    @contextmanager
    def transaction():
        yield None

    return make_wiring(transaction, guess_rate=3, denied_domains=("evil.example",))


@pytest.fixture
def client(wiring):
    return create_app(wiring, routes.ROUTES).test_client()


def events(publisher):
    told = (orjson.loads(body) for lane, body in publisher.lane if lane in (DELIVERY_EVENTS, ORDINARY_EVENTS))
    return [event for body in told for event in body["events"]]


def test_a_code_leads_to_its_target_and_says_whose_it_is(client, wiring, publisher, blocks):
    answers = [client.get(f"/s/{CODES.code(1000 + 2 * 3 + link)}") for link in (0, 1)]
    wiring.recorder.round()

    assert [answer.status_code for answer in answers] == [302, 302]
    assert [answer.headers["Location"] for answer in answers] == ["https://sklep.example/a?kod=%C5%BC", TARGETS[1]]
    first, second = events(publisher)
    assert first["message_id"] == str(ids.message_id(SEND, 4099))
    assert (first["channel"], first["kind"], first["campaign_id"]) == ("sms", "clicked", str(CAMPAIGN))
    assert (first["link"], first["link_url"], first["url"]) == (0, TARGETS[0], TARGETS[0])
    assert (second["link"], second["contact_id"], second["ip"]) == (1, None, "127.0.0.1")
    assert len(blocks.asked) == 1, "a block that was clicked is remembered"


def test_codes_that_are_none_are_told_so_a_few_times(client, publisher, wiring):
    clock = itertools.repeat(1_000_000.0).__next__
    object.__setattr__(wiring, "guesses", RateLimiter(None, clock))
    answers = [client.get(f"/s/{code}") for code in ("x", "0" * 12, "ż" * 12, CODES.code(1000)[:-1])]
    wiring.recorder.round()

    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert answers[3].headers["Retry-After"]
    assert client.get(f"/s/{CODES.code(1000)}").status_code == 302, "who shares the address comes through"


def test_of_what_we_are_not_told_yet_the_page_opens_by_itself(client, blocks):
    answer = client.get(f"/s/{CODES.code(1020)}", headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.headers["Refresh"], answer.headers["Retry-After"]) == (503, "3", "3")
    assert "One moment" in answer.text
    blocks.kept.append((1020, 1, 1, ACCOUNT, None, SEND, [TARGETS[0]]))
    assert client.get(f"/s/{CODES.code(1020)}").status_code == 302


def test_what_was_forgotten_has_ended(client, blocks):
    assert client.get(f"/s/{CODES.code(999)}").status_code == 410
    blocks.kept[0] = (*blocks.kept[0][:6], [])
    assert client.get(f"/s/{CODES.code(1000)}").status_code == 410, "of an account that was closed"


def test_links_of_accounts_that_have_ended_or_are_suspended_and_to_denied_domains(client, wiring, blocks):
    blocks.kept.append((2000, 1, 1, ACCOUNT, None, SEND, ["https://a.evil.example/"]))
    assert client.get(f"/s/{CODES.code(2000)}").status_code == 410
    wiring.endings._suspended = frozenset({str(ACCOUNT)})
    suspended = client.get(f"/s/{CODES.code(1000)}")
    wiring.endings._suspended, wiring.endings._ended = frozenset(), frozenset({ACCOUNT})
    ended = client.get(f"/s/{CODES.code(1000)}")
    assert (suspended.status_code, ended.status_code) == (410, 410)
    assert suspended.text != ended.text


def test_a_link_of_a_send_that_is_too_old_has_ended(client, blocks):
    old = UUID(int=int((datetime.now(UTC) - timedelta(days=400)).timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)
    blocks.kept.append((3000, 1, 1, ACCOUNT, None, old, [TARGETS[0]]))
    assert client.get(f"/s/{CODES.code(3000)}").status_code == 410


def test_without_the_database_what_is_remembered_leads_on(client, wiring, blocks, monkeypatch):
    assert client.get(f"/s/{CODES.code(1000)}").status_code == 302

    def away(session, position):
        raise ConnectionError

    monkeypatch.setattr(store, "short_link_block", away)
    assert client.get(f"/s/{CODES.code(1001)}").status_code == 302
    assert client.get(f"/s/{CODES.code(9000)}").status_code == 503


def test_a_database_that_hangs_holds_up_no_link(client, wiring, monkeypatch):
    monkeypatch.setattr(lookups, "PATIENCE_SECONDS", 0.01)
    hangs = threading.Event()
    monkeypatch.setattr(store, "short_link_block", lambda session, position: hangs.wait())

    answers = [client.get(f"/s/{CODES.code(1000)}").status_code for _ in range(5)]
    hangs.set()

    assert answers == [503] * 5


def test_many_blocks_are_remembered_in_bounds(client, wiring, blocks, monkeypatch):
    monkeypatch.setattr(short_links, "MOST_REMEMBERED", 3)
    blocks.kept += [(5000 + 10 * n, 1, 10, ACCOUNT, None, SEND, [f"https://a.example/{n}"]) for n in range(10)]
    for n in [*range(10), *range(10)]:
        answer = client.get(f"/s/{CODES.code(5000 + 10 * n + n)}")
        assert answer.headers["Location"] == f"https://a.example/{n}"
    assert len(wiring.short_links._blocks) <= 3


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"blocks": [{}]}', b'{"blocks": [{"position": "x"}]}', b"[]", b"1"])
def test_what_is_no_block_is_refused(body):
    with pytest.raises((ValueError, KeyError, TypeError)):
        short_links.read_blocks(body)
