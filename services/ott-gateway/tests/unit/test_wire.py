"""What WhatsApp answers and tells: read as it is meant, however broken; nobody gets a message twice for an answer."""

from __future__ import annotations

import random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.providers.answers import Answer, Verdict
from channel.providers.reported import outcome_of, together
from contracts.vocabulary import Lane, MessageState
from ott_gateway.domain import codes
from ott_gateway.domain.outcomes import reported
from ott_gateway.domain.told import AnswerTold, StatusTold, TemplateTold
from ott_gateway.wires import hooks
from ott_gateway.wires.whatsapp import answer_of

NOW = 1_800_000_000.0
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda some: st.lists(some, max_size=4) | st.dictionaries(st.text(max_size=12), some, max_size=4),
    max_leaves=20,
)


def error(status: int, code: Any, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": "m", "code": code}}, headers=headers)


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (httpx.Response(200, json={"messages": [{"id": "wamid.A"}]}), Verdict.ACCEPTED),
        (httpx.Response(200, json={"messages": []}), Verdict.UNKNOWN),
        (httpx.Response(200, text="<html>"), Verdict.UNKNOWN),
        (httpx.Response(502, text="<html>Bad Gateway"), Verdict.UNKNOWN),
        (httpx.Response(504, json=[]), Verdict.UNKNOWN),
        (httpx.Response(429, text=""), Verdict.LATER),
        (error(400, 131026), Verdict.GONE),
        (error(400, 131047), Verdict.REFUSED),
        (error(400, 132015), Verdict.REFUSED),
        (error(400, 130429), Verdict.LATER),
        (error(429, 131056), Verdict.LATER),
        (error(500, 131000), Verdict.LATER),
        (error(503, 2), Verdict.LATER),
        (error(401, 190), Verdict.SET_UP),
        (error(400, 139999), Verdict.REFUSED),
        (error(500, 139999), Verdict.LATER),
        (error(400, True), Verdict.REFUSED),
        (error(500, "131000"), Verdict.UNKNOWN),
        (httpx.Response(403, text="no"), Verdict.SET_UP),
    ],
)
def test_each_answer_is_what_it_means(response: httpx.Response, verdict: Verdict) -> None:
    answer, wamid = answer_of(response)

    assert answer.verdict is verdict
    assert (wamid is not None) == (verdict is Verdict.ACCEPTED)


def test_a_throttle_of_the_pair_holds_back_nobody_else_and_that_of_the_number_everybody() -> None:
    pair, number = codes.answer_of(131056), codes.answer_of(130429, 60.0)

    assert pair == Answer(Verdict.LATER, "whatsapp.131056", 6.0)
    assert number == Answer(Verdict.LATER, "whatsapp.130429", 60.0, is_general=True)


@pytest.mark.parametrize(("lane", "state"), [(Lane.BULK, "unknown"), (Lane.TRANSACTIONAL, "deferred")])
def test_where_the_answer_is_lost_a_campaigns_message_is_never_sent_again(lane: Lane, state: str) -> None:
    assert outcome_of(Answer(Verdict.UNKNOWN, "whatsapp.no_answer"), lane).state == state


def told(value: dict[str, Any]) -> dict[str, Any]:
    whole = {"metadata": {"phone_number_id": "1065"}, **value}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": whole}]}]}


def test_what_is_told_is_read() -> None:
    hook, message = uuid4(), uuid4()
    status = {
        "id": "wamid.A", "status": "failed", "timestamp": "1799999990", "recipient_id": "48600100200",
        "biz_opaque_callback_data": str(message), "errors": [{"code": 131026}],
    }  # fmt: skip
    written = {
        "from": "48600100201",
        "id": "wamid.B",
        "timestamp": "1799999991",
        "type": "text",
        "text": {"body": "S\0"},
    }
    tapped = {
        "from": "48600100201", "id": "wamid.C", "timestamp": "9999999999", "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "yes", "title": "Tak"}},
        "context": {"id": "wamid.A"},
    }  # fmt: skip

    one, two, three = hooks.read(hook, told({"statuses": [status], "messages": [written, tapped]}), NOW)

    assert isinstance(one, StatusTold) and isinstance(two, AnswerTold) and isinstance(three, AnswerTold)
    assert (one.message_id, one.reported.state, one.reported.code) == (str(message), "undelivered", "whatsapp.131026")
    assert (two.phone, two.text, two.at) == ("+48600100201", "S", 1_799_999_991.0)
    assert (three.text, three.payload, three.answers) == ("Tak", "yes", "wamid.A")
    assert three.at == NOW, "nothing happens later than now"


def test_a_template_that_changes_is_told_of_and_others_messages_are_not_ours() -> None:
    hook = uuid4()
    change = {"field": "message_template_status_update", "value": {"event": "PAUSED"}}

    assert hooks.read(hook, {"entry": [{"changes": [change]}]}, NOW) == [TemplateTold(hook)]
    assert hooks.read(hook, told({"statuses": [{"id": "wamid.X", "status": "read"}]}), NOW) == []


@given(JSON)
def test_whatever_is_told_nothing_breaks(value: Any) -> None:
    for document in (
        value,
        {"entry": value},
        {"entry": [{"changes": value}]},
        told({"statuses": value, "messages": value}),
    ):
        if isinstance(document, dict):
            assert all(
                isinstance(one, StatusTold | AnswerTold | TemplateTold) for one in hooks.read(uuid4(), document, NOW)
            )


@given(st.lists(st.sampled_from(["sent", "delivered", "read", "failed"]), min_size=1, max_size=8), st.randoms())
def test_reports_say_the_same_in_any_order_and_however_often(words: list[str], order: random.Random) -> None:
    said = [report for at, word in enumerate(words) if (report := reported(word, NOW + at, "whatsapp.1"))]
    shuffled = [*said, *said]
    order.shuffle(shuffled)

    assert together(shuffled) == together(said)
    ends = [one for one in said if one.state is not MessageState.SUBMITTED]
    assert together(said).state is (ends[0].state if ends else MessageState.SUBMITTED), "the first end counts"
