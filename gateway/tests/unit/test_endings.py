"""Links that lead nowhere (any more): of ended and of suspended accounts, to denied domains, and old ones."""

from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from api_gateway import store
from api_gateway.routes import tracking
from chassis import suspensions
from chassis.ids import new_id
from contracts import tokens
from contracts.ids import first_id_at
from contracts.tokens import TokenKind

LINK_KEY = b"fedcba9876543210fedcba9876543210"
PATHS = {TokenKind.CLICK: "t", TokenKind.OPEN: "o", TokenKind.UNSUBSCRIBE: "u"}
TARGET = "https://sklep.example/"


@pytest.fixture(autouse=True)
def ended(monkeypatch):
    """The accounts that have ended, as the database would tell them."""
    accounts = set()
    monkeypatch.setattr(store, "ended_accounts", lambda _session: frozenset(accounts))
    return accounts


@pytest.fixture(autouse=True)
def suspended(monkeypatch):
    """The accounts that are suspended, as the database would tell them."""
    accounts = set()
    monkeypatch.setattr(suspensions, "suspended", lambda _session: frozenset(accounts))
    return accounts


@contextmanager
def database():
    yield SimpleNamespace()


@pytest.fixture
def client(make_client):
    return make_client(tracking.ROUTES, transaction=database, denied_domains=("zly.example",))


def link(kind, target, account_id=None, message_id=None):
    sign = tokens.signer(LINK_KEY, kind, account_id=account_id or uuid4(), campaign_id=None, target=target)
    return f"/{PATHS[kind]}/{sign(message_id or new_id(), uuid4())}"


def test_links_of_an_ended_account_end_with_a_page_and_its_unsubscribes_are_heard(client, ended, publisher):
    mine, others = uuid4(), uuid4()
    ended.add(mine)
    wiring = client.application.extensions["wiring"]
    wiring.endings.look()

    click = client.get(link(TokenKind.CLICK, TARGET, mine))
    others_click = client.get(link(TokenKind.CLICK, TARGET, others))
    opened = client.get(link(TokenKind.OPEN, "email", mine))
    left = client.post(link(TokenKind.UNSUBSCRIBE, "email", mine))
    wiring.recorder.round()

    assert (click.status_code, "Location" in click.headers, click.mimetype) == (410, False, "text/html")
    assert (others_click.status_code, others_click.headers["Location"]) == (302, TARGET)
    assert (opened.status_code, opened.mimetype, left.status_code) == (200, "image/gif", 200)
    told = b"".join(body for _key, body in publisher.lane)
    assert (told.count(b'"opened"'), told.count(b'"clicked"'), told.count(b'"unsubscribed"')) == (0, 1, 1)


@pytest.mark.parametrize("host", ["zly.example", "sub.ZLY.example", "zly.example.", "zly.example:8443"])
def test_a_denied_domain_is_not_redirected_to(client, host):
    assert client.get(link(TokenKind.CLICK, f"https://{host}/")).status_code == 410


@pytest.mark.parametrize("host", ["niezly.example", "example", "zly.example.sklep.example"])
def test_its_neighbours_are(client, host):
    assert client.get(link(TokenKind.CLICK, f"https://{host}/")).status_code == 302


def test_links_of_a_suspended_account_end_with_a_page_and_unsubscribing_works_on(client, suspended, publisher):
    account = uuid4()
    suspended.add(str(account))
    wiring = client.application.extensions["wiring"]
    wiring.endings.look()

    clicked = client.get(link(TokenKind.CLICK, TARGET, account), headers={"Accept-Language": "en"})
    opened = client.get(link(TokenKind.OPEN, "email", account))
    left = client.post(link(TokenKind.UNSUBSCRIBE, "email", account))
    wiring.recorder.round()

    assert (clicked.status_code, clicked.mimetype, "Location" in clicked.headers) == (410, "text/html", False)
    assert "stopped the account" in clicked.get_data(as_text=True)
    assert (opened.status_code, opened.mimetype, left.status_code) == (200, "image/gif", 200)
    told = b"".join(body for _key, body in publisher.lane)
    assert (b"clicked" in told, b"opened" in told) == (False, False)
    suspended.clear()
    wiring.endings.look()
    assert client.get(link(TokenKind.CLICK, TARGET, account)).status_code == 302


def test_a_token_carries_its_time_and_an_old_link_ends(client):
    old = UUID(int=first_id_at(datetime(2020, 1, 1, tzinfo=UTC)).int | 0x7 << 76 | 0x2 << 62)

    assert client.get(link(TokenKind.CLICK, TARGET, message_id=old)).status_code == 410
    assert client.post(link(TokenKind.UNSUBSCRIBE, "email", message_id=old)).status_code == 200


def test_without_the_database_what_was_read_last_holds(make_wiring, ended):
    ended.add(account := uuid4())
    wiring = make_wiring(transaction=database)
    wiring.endings.look()

    wiring.endings._transaction = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):  # logged by whoever looks now and then
        wiring.endings.look()

    token = SimpleNamespace(account_id=account, sent_at=datetime.now(UTC))
    assert wiring.endings.has_ended(token)
