"""What the outlet makes of a message: nothing is said to have failed that Google may have been given before."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from keys_of_tests import RSA_PEM

from channel.batches import Header
from channel.providers.google import GoogleTokens, ServiceAccount
from contracts.vocabulary import Lane, MessageState
from rcs_gateway.batches import RcsMessage, StoredContent
from rcs_gateway.content.template import Template
from rcs_gateway.outbound.directory import Found, Sender
from rcs_gateway.outbound.outlet import RcsOutlet
from rcs_gateway.outbound.rcs import RcsOutbound
from rcs_gateway.wires.rbm import PROVIDER, SCOPE, Rbm

PHONE = "+48600100200"
SENDER = Sender(uuid4(), uuid4(), ServiceAccount("shop_agent", "rcs@shop.example", RSA_PEM))
TTL = 3_600


def message(*, attempts: int, age: float = 0.0) -> RcsMessage:
    """One that was accepted so many seconds ago."""
    content = StoredContent(
        str(SENDER.account_id), "shop", Template({"kind": "basic", "text": "Hej", "ttl_seconds": TTL})
    )
    header = SimpleNamespace(lane=Lane.BULK, account_id=str(SENDER.account_id), accepted_at=time.time() - age)
    chunk: Any = SimpleNamespace(batch=SimpleNamespace(content=content, header=header))
    return RcsMessage(chunk, {"number": 1, "address": PHONE}, str(UUID(int=7)), bool(attempts), attempts)


def concluded(one: RcsMessage, found: Found, answer: httpx.Response | Exception | None) -> list[httpx.Request]:
    """The requests that were made of Google, who answers each like that."""
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "ya29.x"})
        requests.append(request)
        if isinstance(answer, httpx.Response):
            return answer
        raise answer or AssertionError("Google is not to be asked")

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            rbm = Rbm(client, GoogleTokens(client, "https://g.example/token", SCOPE, PROVIDER), "https://rcs.example/")
            directory: Any = None
            outlet = RcsOutlet([Lane.BULK], directory, rbm, ahead=100)
            events: Any = SimpleNamespace(is_stopped=is_never_stopped)
            outlet.events = events
            assert await outlet.conclude(one, found)

    asyncio.run(run())
    return requests


def is_never_stopped(_: Header) -> bool:
    return False


def error(status: int, word: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": status, "status": word, "message": ""}})


def revoked() -> Found:
    return Found(SENDER, {}, frozenset({str(UUID(int=7))}))


TAKEN = httpx.Response(200, json={"name": f"phones/{PHONE}/agentMessages/{UUID(int=7)}"})


def test_what_never_left_is_taken_back_without_google() -> None:
    one = message(attempts=0)
    assert concluded(one, revoked(), None) == []
    assert (one.state, one.code, one.revocation) == (MessageState.REJECTED, "rcs.revoked", "revoked")


@pytest.mark.parametrize(
    ("answer", "state", "revocation"),
    [
        (httpx.Response(200, json={}), MessageState.REJECTED, "revoked"),
        (error(404, "NOT_FOUND"), MessageState.UNKNOWN, "too_late"),  # the person has it, or it never was there
        (error(503, "UNAVAILABLE"), MessageState.DEFERRED, None),
        (error(429, "RESOURCE_EXHAUSTED"), MessageState.DEFERRED, None),
        (error(403, "PERMISSION_DENIED"), MessageState.DEFERRED, None),
        (error(400, "INVALID_ARGUMENT"), MessageState.DEFERRED, None),
        (error(504, "DEADLINE_EXCEEDED"), MessageState.DEFERRED, None),
        (httpx.ReadTimeout("hang"), MessageState.DEFERRED, None),
        (httpx.ConnectError("nobody"), MessageState.DEFERRED, None),
    ],
)
def test_what_was_tried_is_taken_back_only_where_google_says_so(
    answer: Any, state: MessageState, revocation: str | None
) -> None:
    one = message(attempts=1)

    (request,) = concluded(one, revoked(), answer)

    assert request.method == "DELETE"
    assert (one.state, one.revocation) == (state, revocation)


def test_a_phone_without_rcs_is_not_asked_for_unless_it_may_have_the_message() -> None:
    fresh, tried = message(attempts=0), message(attempts=1)
    assert concluded(fresh, Found(SENDER, {PHONE: False}), None) == []
    assert (fresh.state, fresh.code) == (MessageState.REJECTED, "rcs.not_reachable")

    assert len(concluded(tried, Found(SENDER, {PHONE: False}), TAKEN)) == 1
    assert tried.state is MessageState.SUBMITTED


def test_of_what_was_tried_an_agent_that_is_gone_knows_nothing() -> None:
    fresh, tried = message(attempts=0), message(attempts=1)
    for one in (fresh, tried):
        concluded(one, Found(None, {}), None)
    assert (fresh.state, tried.state) == (MessageState.REJECTED, MessageState.UNKNOWN)


@pytest.mark.parametrize(
    ("left", "attempts", "state"),
    [
        (9.0, 0, MessageState.EXPIRED),
        (-9.0, 0, MessageState.EXPIRED),
        (9.0, 1, MessageState.DEFERRED),  # Google may deliver it yet
        (-9.0, 1, MessageState.EXPIRED),
    ],
)
def test_what_has_no_time_left_does_not_leave(left: float, attempts: int, state: MessageState) -> None:
    one = message(attempts=attempts, age=TTL - left)
    assert concluded(one, Found(SENDER, {}), None) == []
    assert (one.state, one.code) == (state, "rcs.expired")


def test_google_is_told_the_time_that_is_left() -> None:
    (request,) = concluded(message(attempts=0, age=TTL - 60), Found(SENDER, {}), TAKEN)
    assert b'"ttl":"59s"' in request.content or b'"ttl":"60s"' in request.content


def test_a_message_waits_until_its_time_is_over_and_not_a_moment_less() -> None:
    nothing: Any = None
    outbound = RcsOutbound(nothing, nothing, nothing, nothing, first_wait=timedelta(hours=2))
    alive, over = message(attempts=1, age=TTL - 60), message(attempts=1, age=TTL + 1)
    for one in (alive, over):
        one.state = MessageState.DEFERRED
        outbound.schedule(one, datetime.now(UTC))

    assert alive.state is MessageState.DEFERRED and alive.due_at is not None
    assert abs(alive.due_at.timestamp() - alive.header.accepted_at - TTL) < 1
    assert (over.state, over.due_at) == (MessageState.EXPIRED, None)
