"""What Viber says, and what we say to Viber; its documents as its reference shows them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.providers.answers import Verdict
from contracts.vocabulary import MessageState
from viber_gateway.content import payloads
from viber_gateway.domain import buttons, codes, invitations
from viber_gateway.domain.told import AnswerTold, StatusTold, SubscriptionTold
from viber_gateway.wires import hooks
from viber_gateway.wires.viber import HookRefused, Viber, answer_of, token_of

BOT, NOW = uuid4(), 1_790_000_000.0
TOKEN = 4_912_661_846_655_238_145
MESSAGE = str(uuid4())


def test_a_message_that_is_taken_has_a_number() -> None:
    answer, token = answer_of(httpx.Response(200, json={"status": 0, "status_message": "ok", "message_token": TOKEN}))

    assert (answer.verdict, token) == (Verdict.ACCEPTED, UUID(int=TOKEN))


@pytest.mark.parametrize(
    ("number", "verdict", "is_general"),
    [
        (2, Verdict.SET_UP, True), (3, Verdict.REFUSED, False), (5, Verdict.GONE, False), (6, Verdict.GONE, False),
        (10, Verdict.SET_UP, True), (11, Verdict.REFUSED, False), (12, Verdict.LATER, True), (23, Verdict.SET_UP, True),
        (999, Verdict.LATER, False),
    ],
)  # fmt: skip
def test_each_status_means_what_the_reference_says(number: int, verdict: Verdict, is_general: bool) -> None:
    answer, token = answer_of(httpx.Response(200, json={"status": number, "status_message": "x"}))

    assert (answer.verdict, answer.code, answer.is_general, token) == (verdict, f"viber.{number}", is_general, None)


def test_every_code_of_the_table_has_an_answer_and_waits_only_where_it_is_tried_again() -> None:
    for number in codes.MEANINGS:
        answer = codes.answer_of(number, 7.0)
        assert (answer.wait is not None) == (answer.verdict in (Verdict.LATER, Verdict.SET_UP))


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"<html>ok</html>", Verdict.UNKNOWN), (200, b"[]", Verdict.UNKNOWN), (200, b"{}", Verdict.UNKNOWN),
        (200, b'{"status":0}', Verdict.ACCEPTED), (200, b'{"status":0,"message_token":"x"}', Verdict.ACCEPTED),
        (200, b'{"status":"0","message_token":7}', Verdict.UNKNOWN), (502, b"Bad Gateway", Verdict.UNKNOWN),
        (429, b"", Verdict.LATER), (302, b"", Verdict.LATER),
    ],
)  # fmt: skip
def test_only_what_viber_says_itself_is_an_answer(status: int, body: bytes, verdict: Verdict) -> None:
    answer, token = answer_of(httpx.Response(status, content=body))

    assert (answer.verdict, token) == (verdict, None)


def test_a_text_a_picture_and_buttons_are_as_the_reference_shows_them() -> None:
    pressable = [{"text": "Sklep", "url": "https://shop.example/"}, {"text": "Tak", "payload": "yes"}]
    text = payloads.message({"buttons": pressable}, "Hej", to="01234567890A=", title="Shop", message_id=MESSAGE)
    picture = payloads.message(
        {"picture": {"link": "https://shop.example/a.jpg"}}, "", to="01234567890A=", title="Shop", message_id=MESSAGE
    )

    assert (text["receiver"], text["type"], text["text"], text["tracking_data"]) == (
        "01234567890A=", "text", "Hej", MESSAGE,
    )  # fmt: skip
    link, answer = text["keyboard"]["Buttons"]
    assert (link["ActionType"], link["ActionBody"]) == ("open-url", "https://shop.example/")
    assert buttons.pressed(answer["ActionBody"]) == (UUID(MESSAGE), "Tak", "yes")
    assert (picture["type"], picture["media"], picture["text"]) == ("picture", "https://shop.example/a.jpg", "")
    assert "keyboard" not in picture and "min_api_version" not in picture


lines = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50)


@given(lines, lines)
def test_what_a_button_carries_comes_back_whole(text: str, payload: str) -> None:
    assert buttons.pressed(buttons.carried(MESSAGE, text, payload)) == (UUID(MESSAGE), text, payload)


@pytest.mark.parametrize("text", [None, "", "wici", "wici\nno id\nTak\nyes", f"wici\n{MESSAGE}\nTak", "a\nb\nc\nd"])
def test_what_a_person_types_is_no_button(text: str | None) -> None:
    assert buttons.pressed(text) is None


def read(event: str, **more: Any) -> Any:
    return hooks.read(BOT, {"event": event, "timestamp": 1_457_764_197_627, "message_token": TOKEN, **more}, NOW)


def test_reports_are_read_with_their_moment_in_milliseconds() -> None:
    delivered, seen = read("delivered", user_id="u="), read("seen", user_id="u=")
    failed = read("failed", user_id="u=", desc="failure description")

    assert isinstance(delivered, StatusTold) and delivered.token == UUID(int=TOKEN)
    assert (delivered.reported.state, delivered.reported.at) == (MessageState.DELIVERED, 1_457_764_197.627)
    assert seen.reported.read_at == 1_457_764_197.627
    assert (failed.reported.state, failed.reported.code) == (MessageState.UNDELIVERED, "viber.failed")


def test_who_comes_goes_and_writes_is_read() -> None:
    user = {"id": "u=", "name": "John"}
    opened = read("conversation_started", type="open", context="abc", user=user, subscribed=False)

    assert opened == SubscriptionTold(BOT, "u=", "abc", None, 1_457_764_197.627)
    assert read("conversation_started", user=user, subscribed=True).is_subscribed is True
    assert read("subscribed", user=user).is_subscribed is True
    assert read("unsubscribed", user_id="u=").is_subscribed is False
    wrote = read("message", sender=user, message={"type": "text", "text": "Hej", "tracking_data": MESSAGE})
    assert (wrote.kind, wrote.text, wrote.answers, wrote.is_tap) == ("text", "Hej", UUID(MESSAGE), False)
    tapped = read("message", sender=user, message={"type": "text", "text": buttons.carried(MESSAGE, "Tak", "yes")})
    assert isinstance(tapped, AnswerTold)
    assert (tapped.kind, tapped.text, tapped.payload, tapped.answers) == ("tap", "Tak", "yes", UUID(MESSAGE))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["event", "timestamp", "message_token", "user_id", "user", "sender", "message", "context"])
events = st.sampled_from(
    ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started", "message"]
)


@given(st.dictionaries(names, anything), events)
def test_rubbish_ends_in_nothing_or_in_what_a_database_holds(document: dict[str, Any], event: str) -> None:
    told = hooks.read(BOT, {**document, "event": event}, NOW)

    assert told is None or "\0" not in repr(told)
    assert token_of(document.get("message_token")) is None or token_of(document["message_token"]).int >= 0  # type: ignore[union-attr]


@given(st.binary(min_size=32, max_size=32), st.uuids(), st.integers(0, 2**32 - 1))
def test_an_invitation_is_of_its_contact_until_it_is_over_and_of_its_bot_alone(
    key: bytes, contact_id: UUID, expires_at: int
) -> None:
    signed = invitations.sign(key, contact_id, expires_at)

    assert invitations.read(key, signed, expires_at) == contact_id
    assert invitations.read(key, signed, expires_at + 1) is None
    assert invitations.read(bytes(32) if key != bytes(32) else b"1" * 32, signed, expires_at) is None
    assert len(signed) < 60 and set(signed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=80))
def test_what_anybody_makes_up_is_no_invitation(made_up: str) -> None:
    assert invitations.read(b"k" * 32, made_up, 0.0) is None


@asynccontextmanager
async def place() -> AsyncIterator[None]:
    yield


def test_a_hook_that_viber_does_not_take_is_told_with_its_code_and_the_token_goes_in_a_header() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"status": 1, "status_message": "invalidUrl"})

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            viber = Viber(client, client, "https://chatapi.viber.com/")
            with pytest.raises(HookRefused, match="code 1"):
                await viber.set_webhook("445da6az1s345z78", "https://wici.example/hooks/viber/x")
            await viber.send("445da6az1s345z78", {"receiver": "u="}, place)

    asyncio.run(ask())
    hook, sent = asked
    assert [one.url.path for one in asked] == ["/pa/set_webhook", "/pa/send_message"]
    assert json.loads(hook.content)["url"] == "https://wici.example/hooks/viber/x"
    assert {one.headers["X-Viber-Auth-Token"] for one in asked} == {"445da6az1s345z78"}
    assert b"445da6az1s345z78" not in sent.content
