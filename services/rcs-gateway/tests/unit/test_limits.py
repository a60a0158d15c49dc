"""Every limit of a content is refused with its field, and what fits makes what Google takes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wici_simulators.rcs.limits import problem_of

from channel.field_templates import RenderFailed
from contracts.rcs_gateway import contents
from contracts.rcs_gateway.contents import Kind, RcsContent, Tap
from rcs_gateway.content.payloads import agent_message
from rcs_gateway.content.template import Template
from rcs_gateway.domain.events import Answer, happened_at, postback_of, read
from rcs_gateway.usecases.contents import as_stored

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1)
SAID = {"senderPhoneNumber": "+48600100200", "messageId": "m"}
DEGREES = st.floats(-90, 90)
URLS = st.just("https://shop.example/a.jpg")


def labels(most: int = contents.LABEL_MAX) -> st.SearchStrategy[str]:
    return st.text("abcćż 12", min_size=1, max_size=most).filter(str.strip)


def suggestions(most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    label = {"text": labels()}
    one = st.one_of(
        st.fixed_dictionaries({"type": st.just("reply"), **label}, optional={"postback": labels(1_000)}),
        st.fixed_dictionaries({"type": st.just("url"), **label, "url": URLS}),
        st.fixed_dictionaries({"type": st.just("dial"), **label, "phone": st.just("+48600100200")}),
        st.fixed_dictionaries({"type": st.just("location"), **label, "latitude": DEGREES, "longitude": DEGREES}),
        st.fixed_dictionaries({"type": st.just("share_location"), **label}),
        st.fixed_dictionaries(
            {
                "type": st.just("calendar"), **label, "title": labels(),
                "starts_at": st.just("2026-12-01T10:00:00+00:00"), "ends_at": st.just("2026-12-01T11:00:00+00:00"),
            }
        ),
    )  # fmt: skip
    return st.lists(one, max_size=most)


MEDIA = st.fixed_dictionaries({"url": URLS}, optional={"height": st.sampled_from(("short", "medium", "tall"))})
CARDS = st.fixed_dictionaries(
    {"title": labels(100)},
    optional={"description": labels(1_000), "media": MEDIA, "suggestions": suggestions(4)},
)
WHOLE = st.one_of(
    st.fixed_dictionaries({"kind": st.just("basic"), "text": labels(160)}),
    st.fixed_dictionaries({"kind": st.just("single"), "text": labels(1_000), "suggestions": suggestions(11)}),
    st.fixed_dictionaries({"kind": st.just("single"), "media": MEDIA, "suggestions": suggestions(11)}),
    st.fixed_dictionaries({"kind": st.just("card"), "card": CARDS, "suggestions": suggestions(11)}),
    st.fixed_dictionaries(
        {
            "kind": st.just("carousel"),
            "carousel": st.fixed_dictionaries({"cards": st.lists(CARDS, min_size=2, max_size=10)}),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("file"), "media": MEDIA}),
)


@given(WHOLE)
def test_what_fits_our_limits_google_takes_and_each_tap_is_known_by_itself(content: dict[str, Any]) -> None:
    message_id = str(uuid4())
    stored = as_stored(RcsContent().load(content))

    sent = agent_message(Template(stored).render({}), message_id, 60)

    assert problem_of(sent["contentMessage"]) is None
    told = [
        read({"senderPhoneNumber": "+48600100200", "messageId": "m", "suggestionResponse": tap}) for tap in taps(sent)
    ]
    assert all(isinstance(one, Answer) for one in told)
    assert [(str(one.message_id), one.place) for one in told] == [(message_id, place) for place in range(len(told))]


def taps(sent: Any) -> list[dict[str, Any]]:
    """Every suggestion, in the order of places."""
    found: list[dict[str, Any]] = []
    if isinstance(sent, dict):
        if "postbackData" in sent:
            return [{"text": sent["text"], "postbackData": sent["postbackData"]}]
        found = [tap for value in sent.values() for tap in taps(value)]
    elif isinstance(sent, list):
        found = [tap for value in sent for tap in taps(value)]
    return sorted(found, key=lambda tap: int(tap["postbackData"].split("/")[1]))


@pytest.mark.parametrize(
    ("content", "field", "most"),
    [
        ({"kind": "basic", "text": "{{ name }}"}, "text", 160),
        ({"kind": "single", "text": "{{ name }}"}, "text", 1_000),
        ({"kind": "card", "card": {"title": "{{ name }}"}}, "card.title", 100),
        ({"kind": "card", "card": {"description": "{{ name }}"}}, "card.description", 1_000),
        (
            {"kind": "carousel", "carousel": {"cards": [{"title": "a"}, {"title": "b{{ name }}"}]}},
            "carousel.cards.1.title", 99,
        ),
        (
            {"kind": "single", "text": "a", "suggestions": [{"type": "reply", "text": "{{ name }}"}]},
            "suggestions.0.text", 25,
        ),
    ],
)  # fmt: skip
def test_the_length_that_counts_is_the_recipients(content: dict[str, Any], field: str, most: int) -> None:
    template = Template(content)
    template.render({"name": "x" * most})

    with pytest.raises(RenderFailed) as failed:
        template.render({"name": "x" * (most + 1)})

    assert (failed.value.field, failed.value.code) == (field, "text.too_long")
    assert "at most" in failed.value.detail


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "basic", "text": "a", "suggestions": [{"type": "reply", "text": "a"}]}, "suggestions"),
        ({"kind": "single"}, "text"),
        ({"kind": "single", "text": "a", "media": {"url": "https://a.example/a.png"}}, "text"),
        ({"kind": "single", "text": "a", "suggestions": [{"type": "reply", "text": "a"}] * 12}, "suggestions"),
        ({"kind": "card", "card": {"title": "a", "suggestions": [{"type": "reply", "text": "a"}] * 5}}, "card"),
        ({"kind": "card", "card": {}}, "card"),
        ({"kind": "carousel", "carousel": {"cards": [{"title": "a"}]}}, "carousel"),
        ({"kind": "carousel", "carousel": {"cards": [{"title": "a"}] * 11}}, "carousel"),
        ({"kind": "file", "media": {"url": "http://a.example/a.png"}}, "media"),
        ({"kind": "single", "text": "a", "suggestions": [{"type": "url", "text": "a"}]}, "suggestions"),
        (
            {"kind": "single", "text": "a", "suggestions": [{"type": "dial", "text": "a", "phone": "112"}]},
            "suggestions",
        ),
        ({"kind": "basic", "text": "a", "ttl_seconds": 1_296_001}, "ttl_seconds"),
    ],
)
def test_what_google_would_not_take_is_refused_by_the_description(change: dict[str, Any], field: str) -> None:
    assert field in RcsContent().validate(change)


def test_a_text_that_is_empty_for_a_recipient_is_refused() -> None:
    with pytest.raises(RenderFailed) as failed:
        Template({"kind": "basic", "text": "{{ name }}"}).render({})
    assert failed.value.code == "text.empty"


def test_braces_of_a_single_message_are_braces() -> None:
    content = {"kind": "basic", "text": "{{ name }}", "literal": True}
    assert Template(content).render({"name": "Anna"})["text"] == "{{ name }}"


@given(st.uuids(), st.integers(0, 50), TEXTS)
def test_a_tap_comes_back_as_it_was_sent(message_id: Any, place: int, own: str) -> None:
    tap = {"text": "Tak", "postbackData": postback_of(str(message_id), place, own)}
    told = read({"senderPhoneNumber": "+48600100200", "messageId": "m", "suggestionResponse": tap})
    assert isinstance(told, Answer)
    assert (told.message_id, told.place, told.postback) == (message_id, place, own)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-11-24T08:05:00.123456789Z", 1_795_507_500.123456),
        ("2026-11-24T09:05:00+01:00", 1_795_507_500.0),
        ("2026-12-24T08:05:00Z", 1_795_600_000.0),  # yet to come
        ("0001-01-01T00:00:00Z", 1_795_600_000.0 - 8 * 86_400),
        ("2026-11-24T08:05:00", 1_795_600_000.0),
        ("yesterday", 1_795_600_000.0),
        (7, 1_795_600_000.0),
        (None, 1_795_600_000.0),
    ],
)
def test_what_is_told_late_happened_when_google_says(said: Any, at: float) -> None:
    event = {} if said is None else {"sendTime": said}
    assert happened_at(event, 1_795_600_000.0) == pytest.approx(at)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(
            st.sampled_from(
                (
                    "eventType",
                    "senderPhoneNumber",
                    "messageId",
                    "text",
                    "suggestionResponse",
                    "location",
                    "userFile",
                    "payload",
                    "x",
                )
            ),
            inner,
            max_size=5,
        ),
        max_leaves=8,
    )
)
def test_whatever_is_told_is_read_or_is_no_event(event: Any) -> None:
    try:
        read(event if isinstance(event, dict) else {})
    except (ValueError, KeyError, TypeError, AttributeError):
        pass


def test_kinds_and_taps_are_those_of_the_description() -> None:
    assert set(contents.PARTS) == set(Kind) and set(contents._NEEDED) <= set(Tap)
