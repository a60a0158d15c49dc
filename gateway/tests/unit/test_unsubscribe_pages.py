"""Unsubscribe pages: in the account's brand and the person's language, without a script, for everybody to read."""

from contextlib import contextmanager
from itertools import pairwise
from uuid import UUID
from xml.etree import ElementTree

import html5lib
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_gateway import store
from api_gateway.app import create_app
from api_gateway.routes import tracking as routes
from api_gateway.tracking import brands, pages
from chassis.ids import new_id
from contracts import tokens
from contracts.events import RECIPIENT_UNSUBSCRIBED, UNSUBSCRIBE_REASON_GIVEN
from contracts.tokens import TokenKind
from contracts.vocabulary import Channel

KEY = b"fedcba9876543210fedcba9876543210"
ACCOUNT, CONTACT, MESSAGE, PAGE = new_id(), new_id(), new_id(), new_id()
TOKEN = tokens.signer(KEY, TokenKind.UNSUBSCRIBE, account_id=ACCOUNT, campaign_id=None, target="email")(
    MESSAGE, CONTACT
)
BRAND = {
    "name": 'Sklep "Łąka" <b>', "logo": "data:image/png;base64,iVBORw0KGgo=", "background": "#ffffff",
    "text": "#1d2129", "button": "#14532d", "button_text": "#ffffff",
}  # fmt: skip
GERMAN = {
    "title": "Schade", "text": "Wirklich?", "leave": "Keine E-Mails", "leave_all": "Gar nichts",
    "done_title": "Erledigt", "done": "Wir schreiben nicht mehr.", "why": "Warum?", "thanks": "Danke!",
    "reasons": {"too_many": "Zu viele", "other": "<i>Anderes</i>"},
}  # fmt: skip
POLISH = {**GERMAN, "title": "Szkoda", "leave_all": None, "reasons": {}}


@pytest.fixture
def kept(monkeypatch):
    """The page that the database has of the account."""
    kept = {"page": {"id": str(PAGE), "brand": BRAND, "texts": {"de": GERMAN, "pl": POLISH}}, "asked": 0}

    def page(session, *, account_id):
        kept["asked"] += 1
        if isinstance(kept["page"], Exception):
            raise kept["page"]
        return kept["page"] if account_id == ACCOUNT else None

    monkeypatch.setattr(store, "unsubscribe_page", page)
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


def facts(publisher, event):
    return [orjson.loads(body) for published, body in publisher.events if published is event]


def parsed(answer):
    """The page by a strict parser, without namespaces."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(answer.text)


def faults(answer):
    """What WCAG 2.2 level A and AA asks of such a page, and is not there: none of it is seen by a parser alone."""
    page = parsed(answer)
    every = list(page.iter())
    headings = [int(each.tag[1]) for each in every if str(each.tag) in ("h1", "h2", "h3", "h4")]
    controls = [each for each in every if each.tag in ("button", "a")]
    ids = [each.get("id") for each in every if each.get("id")]
    checks = {
        "1.1.1 pictures have a text": all(each.get("alt") for each in page.iter("img")),
        "1.3.1 one heading of the first rank, none left out": headings[:1] == [1]
        and headings.count(1) == 1
        and all(after - before <= 1 for before, after in pairwise(headings)),
        "1.3.1 one main landmark": len(list(page.iter("main"))) == 1,
        "1.3.1 everything within it": all(each.tag == "main" for each in page.find("body")),
        "1.4.4 text can be enlarged": "user-scalable=no" not in answer.text and "maximum-scale" not in answer.text,
        "2.4.2 a title": bool((page.findtext("head/title") or "").strip()),
        "2.4.7 focus is seen": ":focus-visible" in answer.text and "outline:0" not in answer.text,
        "3.1.1 a language": page.get("lang") == answer.headers["Content-Language"],
        "4.1.1 ids are unique": len(ids) == len(set(ids)),
        "4.1.2 controls have a name": all("".join(each.itertext()).strip() for each in controls),
        "no script": not list(page.iter("script"))
        and not any(name.startswith("on") for each in every for name in each.attrib),
        "no tabindex": not any(each.get("tabindex") for each in every),
        "nothing from elsewhere": "http" not in ElementTree.tostring(page, "unicode").replace("http-equiv", ""),
    }  # fmt: skip
    return [name for name, holds in checks.items() if not holds]


@pytest.mark.parametrize("languages", ["de", "pl", "fr", "", "*", "x" * 500])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("ask", ["", "?leave=all", "?reason=too_many"])
def test_everybody_can_read_and_use_every_page(client, kept, languages, own, ask):
    if not own:
        kept["page"] = None
    headers = {"Accept-Language": languages}

    for answer in (client.get(f"/u/{TOKEN}{ask}", headers=headers), client.post(f"/u/{TOKEN}{ask}", headers=headers)):
        assert answer.status_code == 200
        assert faults(answer) == []


def test_the_page_is_in_the_accounts_brand_and_the_persons_language(client):
    answer = client.get(f"/u/{TOKEN}", headers={"Accept-Language": "fr, de;q=0.5"})

    page = parsed(answer)
    assert page.findtext(".//h1") == "Schade"
    assert [button.text for button in page.iter("button")] == ["Keine E-Mails", "Gar nichts"]
    assert page.find(".//img").get("alt") == BRAND["name"]
    assert "#14532d" in answer.text
    assert "img-src data:" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"], "default-src 'none' says it"
    assert parsed(client.get(f"/u/{TOKEN}", headers={"Accept-Language": "cs"})).findtext(".//h1") == "Szkoda"


def test_looking_changes_nothing(client, wiring, publisher):
    for path in ("", "?leave=all", "?reason=too_many"):
        client.get(f"/u/{TOKEN}{path}")
        client.head(f"/u/{TOKEN}{path}")
    wiring.recorder.round()

    assert publisher.events == [] and publisher.lane == []


def test_one_channel_or_all(client, wiring, publisher):
    one_click = client.post(f"/u/{TOKEN}", data={"List-Unsubscribe": "One-Click"})
    wiring.recorder.round()
    assert [fact["channel"] for fact in facts(publisher, RECIPIENT_UNSUBSCRIBED)] == ["email"]
    assert "Zu viele" not in one_click.text or one_click.headers["Content-Language"] == "de"

    client.post(f"/u/{TOKEN}?leave=all")
    wiring.recorder.round()
    told = facts(publisher, RECIPIENT_UNSUBSCRIBED)[1:]
    assert {fact["channel"] for fact in told} == set(Channel)
    assert len({fact["event_id"] for fact in told}) == len(Channel)


def test_a_reason_is_told_with_its_page_and_leaves_nobody_twice(client, wiring, publisher):
    answer = client.post(f"/u/{TOKEN}?reason=too_many", headers={"Accept-Language": "de"})
    client.post(f"/u/{TOKEN}?reason=made_up")
    wiring.recorder.round()

    assert "Danke!" in answer.text
    (fact,) = facts(publisher, UNSUBSCRIBE_REASON_GIVEN)
    assert (fact["reason"], fact["page_id"], fact["message_id"]) == ("too_many", str(PAGE), str(MESSAGE))
    assert len(facts(publisher, RECIPIENT_UNSUBSCRIBED)) == 1, "who sends what is no reason has pressed the button"


def test_without_the_database_the_page_is_the_last_one_read_or_wicis_own(client, kept, monkeypatch):
    monkeypatch.setattr(brands, "REMEMBER_SECONDS", 0.0)
    assert "Schade" in client.get(f"/u/{TOKEN}", headers={"Accept-Language": "de"}).text
    kept["page"] = ConnectionError()
    assert "Schade" in client.get(f"/u/{TOKEN}", headers={"Accept-Language": "de"}).text
    other = tokens.signer(KEY, TokenKind.UNSUBSCRIBE, account_id=UUID(int=5), campaign_id=None, target="email")
    answer = client.post(f"/u/{other(MESSAGE, CONTACT)}", headers={"Accept-Language": "en"})
    assert (answer.status_code, "no more messages" in answer.text) == (200, True)


def test_a_page_is_remembered_for_a_moment(client, kept):
    for _ in range(5):
        client.get(f"/u/{TOKEN}")
    assert kept["asked"] == 1


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=60).filter(str.strip), st.text(min_size=1, max_size=60).filter(str.strip))
def test_whatever_an_account_writes_is_text(wiring, title, label):
    title, label = (pages_text(each) for each in (title, label))
    brand = {"id": "1", "brand": {**BRAND, "name": label}, "texts": {"de": {**GERMAN, "title": title, "leave": label}}}
    with create_app(wiring, routes.ROUTES).test_request_context():
        answer = pages.ask(brand, wiring_languages())
    page = html5lib.parse(answer.get_data(as_text=True), namespaceHTMLElements=False)
    assert page.findtext(".//h1") == title
    assert next(page.iter("button")).text == label
    assert {each.tag for each in page.find("body").iter()} == {"body", "main", "p", "img", "h1", "form", "button"}


def pages_text(text):
    """As the contract lets it through: one line without controls, and what HTML's parser changes left out."""
    return (
        "".join(c for c in text if c.isprintable() and not "\ufdd0" <= c <= "\ufdef" and ord(c) & 0xFFFE != 0xFFFE)
        or "x"
    )


def wiring_languages():
    from werkzeug.datastructures import LanguageAccept

    return LanguageAccept([("de", 1)])
