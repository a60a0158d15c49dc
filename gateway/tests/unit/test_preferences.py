"""Preference pages: a campaign's own page, and the lists that a person may leave instead of the channel."""

from contextlib import contextmanager
from uuid import UUID

import orjson
import pytest
from prometheus_client import REGISTRY
from test_unsubscribe_pages import ACCOUNT, BRAND, CONTACT, GERMAN, KEY, MESSAGE, PAGE, POLISH, faults, parsed

from api_gateway import store
from api_gateway.app import create_app
from api_gateway.routes import tracking as routes
from api_gateway.tracking import preferences
from chassis.ids import new_id
from contracts import tokens
from contracts.events import RECIPIENT_LEFT_LISTS, RECIPIENT_UNSUBSCRIBED
from contracts.tokens import TokenKind

CAMPAIGN, NEWS, OFFERS = new_id(), new_id(), new_id()
LISTS = {
    NEWS: {"pl": {"name": "Nowości", "description": "Raz w tygodniu"}, "en": {"name": "News", "description": ""}},
    OFFERS: {"pl": {"name": "Okazje <b>", "description": ""}},
}
OWN_PAGE = {"id": str(new_id()), "brand": BRAND, "texts": {"pl": {**POLISH, "title": "Strona kampanii"}}}


def token(contact_id=CONTACT, campaign_id=CAMPAIGN):
    sign = tokens.signer(KEY, TokenKind.UNSUBSCRIBE, account_id=ACCOUNT, campaign_id=campaign_id, target="email")
    return sign(MESSAGE, contact_id)


@pytest.fixture
def kept(monkeypatch):
    """What the database has: the account's page, the campaign's, and lists."""
    kept = {"default": {"id": str(PAGE), "brand": BRAND, "texts": {"de": GERMAN, "pl": POLISH}}, "away": False}
    kept |= {"own": (None, [OFFERS])}

    def read(value):
        if kept["away"]:
            raise ConnectionError
        return value

    monkeypatch.setattr(store, "unsubscribe_page", lambda session, *, account_id: read(kept["default"]))
    monkeypatch.setattr(store, "campaign_page", lambda session, *, account_id, campaign_id: read(kept["own"]))
    monkeypatch.setattr(store, "public_lists", lambda session, *, account_id: read(LISTS))
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


def told(wiring, publisher, event):
    wiring.recorder.round()
    return [orjson.loads(body) for published, body in publisher.events if published is event]


def choose(client, *lists, path="?leave=lists"):
    return client.post(f"/u/{token()}{path}", data={"list": [str(one) for one in lists]})


@pytest.mark.parametrize("languages", ["de", "pl", "en", "fr", ""])
@pytest.mark.parametrize("own", [True, False])
def test_everybody_can_read_and_use_the_lists(client, kept, languages, own):
    if not own:
        kept["default"] = None
    headers = {"Accept-Language": languages}
    answers = [
        client.get(f"/u/{token()}", headers=headers),
        client.post(f"/u/{token()}?leave=lists", headers=headers),
        client.post(f"/u/{token()}?leave=lists", headers=headers, data={"list": str(NEWS)}),
    ]

    for answer in answers:
        assert answer.status_code == 200
        assert faults(answer) == []
    for answer in answers[:2]:
        page = parsed(answer)
        labelled = [label for label in page.iter("label") if label.find("input") is not None]
        assert len(labelled) == len(list(page.iter("input"))) == 2, "1.3.1 and 4.1.2: every box has its label"
        (fieldset,) = page.iter("fieldset")
        assert fieldset[0].tag == "legend" and (fieldset[0].text or "").strip(), "1.3.1: the boxes have a name together"


def test_the_lists_of_the_message_come_first_and_ticked(client):
    boxes = list(parsed(client.get(f"/u/{token()}", headers={"Accept-Language": "pl"})).iter("input"))

    assert [(box.get("value"), "checked" in box.attrib) for box in boxes] == [(str(OFFERS), True), (str(NEWS), False)]


def test_what_is_in_another_language_says_so(client):
    """3.1.2: the account's German page has no words of its own for lists, and they have no German names."""
    page = parsed(client.get(f"/u/{token()}", headers={"Accept-Language": "de"}))

    assert page.get("lang") == "de"
    assert next(page.iter("legend")).get("lang") == "pl"
    assert [label.get("lang") for label in page.iter("label")] == ["pl", "en"]


def test_who_leaves_lists_stays_on_the_channel(client, wiring, publisher):
    answer = choose(client, NEWS, OFFERS, NEWS, "made up")

    assert answer.status_code == 200
    (fact,) = told(wiring, publisher, RECIPIENT_LEFT_LISTS)
    assert [UUID(one) for one in fact["group_ids"]] == [NEWS, OFFERS]
    assert (UUID(fact["contact_id"]), UUID(fact["campaign_id"])) == (CONTACT, CAMPAIGN)
    assert told(wiring, publisher, RECIPIENT_UNSUBSCRIBED) == [] and publisher.lane == []
    assert RECIPIENT_LEFT_LISTS.schema().load(fact)


def test_without_a_tick_nothing_happens_and_the_page_says_so(client, wiring, publisher):
    answer = client.post(f"/u/{token()}?leave=lists", headers={"Accept-Language": "pl"})

    assert "Zaznacz co najmniej jedną listę." in answer.text
    assert told(wiring, publisher, RECIPIENT_LEFT_LISTS) == []
    assert publisher.events == []


def pressed(client, path, answer, label):
    """What a browser does where the button is pressed: it posts the ticked boxes to where the button leads."""
    page = parsed(answer)
    (form,) = page.iter("form")
    (button,) = [each for each in form.iter("button") if "".join(each.itertext()) == label]
    target = button.get("formaction") or form.get("action") or ""
    ticked = [box.get("value") for box in form.iter("input") if "checked" in box.attrib]
    # RFC 3986, 5.3: "?" is an empty query in the place of the page's own (`urljoin` keeps that one).
    return client.post(path.partition("?")[0] + target if target.startswith("?") else path, data={"list": ticked})


@pytest.mark.parametrize("query", ["", "?leave=lists", "?leave=all", "?reason=too_many"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_button_does_what_it_says_wherever_its_page_was_shown(client, wiring, publisher, query, method):
    path, headers = f"/u/{token()}{query}", {"Accept-Language": "de"}
    answer = getattr(client, method)(path, headers=headers)
    if "Keine E-Mails" not in answer.text:
        assert method == "post" and query != "?leave=lists", "only a page that says that it is done has no such button"
        return

    pressed(client, path, answer, "Keine E-Mails")
    assert [one["channel"] for one in told(wiring, publisher, RECIPIENT_UNSUBSCRIBED)] == ["email"]
    assert told(wiring, publisher, RECIPIENT_LEFT_LISTS) == []
    pressed(client, path, answer, "Gar nichts")
    assert len({one["channel"] for one in told(wiring, publisher, RECIPIENT_UNSUBSCRIBED)}) > 1
    pressed(client, path, answer, "Wypisz mnie z zaznaczonych list")
    assert [one["group_ids"] for one in told(wiring, publisher, RECIPIENT_LEFT_LISTS)] == [[str(OFFERS)]]


def test_lists_left_and_reasons_are_counted_as_no_unsubscribes(client):
    def counted(kind):
        return REGISTRY.get_sample_value("wici_tracking_events_total", {"kind": kind, "outcome": "kept"}) or 0

    kinds = ("unsubscribed", "lists_left", "reason_given")
    before = [counted(kind) for kind in kinds]
    choose(client, NEWS)
    client.post(f"/u/{token()}?reason=too_many")

    assert [counted(kind) - had for kind, had in zip(kinds, before, strict=True)] == [0, 1, 1]


def test_ticks_change_nothing_for_who_presses_another_button(client, wiring, publisher):
    choose(client, NEWS, path="")
    client.post(f"/u/{token()}", data={"List-Unsubscribe": "One-Click", "list": str(NEWS)})

    assert told(wiring, publisher, RECIPIENT_LEFT_LISTS) == []
    assert [fact["channel"] for fact in told(wiring, publisher, RECIPIENT_UNSUBSCRIBED)] == ["email"] * 2


def test_a_campaign_may_have_a_page_of_its_own(client, kept):
    kept["own"] = (OWN_PAGE, [])

    assert "Strona kampanii" in client.get(f"/u/{token()}").text
    assert "Strona kampanii" not in client.get(f"/u/{token(campaign_id=None)}").text


def test_a_message_of_no_contact_has_no_lists(client, wiring, publisher):
    path = f"/u/{token(contact_id=None)}"

    assert list(parsed(client.get(path)).iter("input")) == []
    client.post(f"{path}?leave=lists", data={"list": str(NEWS)})
    assert told(wiring, publisher, RECIPIENT_LEFT_LISTS) == []


def test_without_the_database_the_lists_are_the_last_ones_read_and_may_be_left(
    client, wiring, publisher, kept, monkeypatch
):
    monkeypatch.setattr(preferences, "REMEMBER_SECONDS", 0.0)
    client.get(f"/u/{token()}")
    kept["away"] = True

    assert "Okazje" in client.get(f"/u/{token()}").text
    assert choose(client, OFFERS).status_code == 200
    assert len(told(wiring, publisher, RECIPIENT_LEFT_LISTS)) == 1


def test_a_long_body_is_read_by_nobody(client, wiring, publisher):
    client.post(f"/u/{token()}?leave=lists", data={"list": [str(new_id()) for _ in range(200)]})

    assert told(wiring, publisher, RECIPIENT_LEFT_LISTS) == []
