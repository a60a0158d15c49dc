"""What Google's answers mean, and what is made of a wire that misbehaves: nothing is believed that is not Google's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from keys_of_tests import RSA_PEM

from channel.providers.answers import Answer, Verdict
from channel.providers.google import GoogleTokens, ServiceAccount
from contracts.vocabulary import MessageState
from rcs_gateway.domain.outcomes import outcome_of
from rcs_gateway.wires.rbm import PROVIDER, SCOPE, Rbm

ACCOUNT = ServiceAccount("shop_agent", "rcs@shop.example", RSA_PEM)
PHONE, ID = "+48600100200", "0193587a-3e1c-8c4e-9d3a-4f0d00000007"
NAME = {"name": f"phones/{PHONE}/agentMessages/{ID}"}


@asynccontextmanager
async def a_place() -> AsyncIterator[None]:
    yield


def asked(answer: Any, call: Any = None) -> tuple[Any, list[httpx.Request]]:
    """What the wire makes of an answer, and the requests that were made beside the token's."""
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "ya29.x"})
        requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    async def run() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            rbm = Rbm(client, GoogleTokens(client, "https://g.example/token", SCOPE, PROVIDER), "https://rcs.example/")
            if call is not None:
                return await call(rbm)
            return await rbm.send(ACCOUNT, PHONE, ID, {"contentMessage": {"text": "Hej"}}, a_place)

    return asyncio.run(run()), requests


def error(status: int, word: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": status, "status": word, "message": ""}}, headers=headers)


def test_a_message_leaves_under_its_own_id_and_its_agents_name() -> None:
    answer, (request,) = asked(httpx.Response(200, json=NAME))

    assert answer == Answer(Verdict.ACCEPTED)
    assert request.url.path == f"/v1/phones/{PHONE}/agentMessages"
    assert dict(request.url.params) == {"messageId": ID, "agentId": "shop_agent"}
    assert request.headers["authorization"] == "Bearer ya29.x"


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (error(404, "NOT_FOUND"), Verdict.GONE, "rcs.NOT_FOUND"),
        (error(400, "INVALID_ARGUMENT"), Verdict.REFUSED, "rcs.INVALID_ARGUMENT"),
        (error(409, "ALREADY_EXISTS"), Verdict.ACCEPTED, None),
        (error(403, "PERMISSION_DENIED"), Verdict.SET_UP, "rcs.PERMISSION_DENIED"),
        (error(429, "RESOURCE_EXHAUSTED", **{"retry-after": "7"}), Verdict.LATER, "rcs.RESOURCE_EXHAUSTED"),
        (error(503, "UNAVAILABLE"), Verdict.LATER, "rcs.UNAVAILABLE"),
        (error(500, "INTERNAL"), Verdict.LATER, "rcs.INTERNAL"),
        (error(504, "DEADLINE_EXCEEDED"), Verdict.UNKNOWN, "rcs.DEADLINE_EXCEEDED"),
        (httpx.Response(404, text="<html>nothing here</html>"), Verdict.LATER, "rcs.404"),
        (httpx.Response(502, text="bad gateway"), Verdict.UNKNOWN, "rcs.502"),
        (httpx.Response(200, text="<html>welcome to the hotel</html>"), Verdict.UNKNOWN, "rcs.no_answer"),
        (httpx.Response(200, json=[]), Verdict.UNKNOWN, "rcs.no_answer"),
        (httpx.Response(200, json={"name": ""}), Verdict.UNKNOWN, "rcs.no_answer"),
        (httpx.Response(302, headers={"location": "https://evil.example/"}), Verdict.LATER, "rcs.302"),
        (httpx.ReadTimeout("hang"), Verdict.UNKNOWN, "rcs.no_answer"),
        (httpx.RemoteProtocolError("half an answer"), Verdict.UNKNOWN, "rcs.no_answer"),
        (httpx.ConnectError("nobody"), Verdict.LATER, "rcs.unreachable"),
    ],
)  # fmt: skip
def test_each_answer_means_what_it_means(answer: Any, verdict: Verdict, code: str | None) -> None:
    found, _ = asked(answer)
    assert (found.verdict, found.code) == (verdict, code)


def test_what_is_not_heard_is_sent_again_and_what_cannot_be_reached_has_failed() -> None:
    assert outcome_of(Answer(Verdict.UNKNOWN, "rcs.no_answer")).state is MessageState.DEFERRED
    assert outcome_of(Answer(Verdict.GONE, "rcs.NOT_FOUND")).code == "rcs.not_reachable"
    assert outcome_of(Answer(Verdict.ACCEPTED)).state is MessageState.SUBMITTED


def test_a_throttle_says_how_long_and_holds_for_the_agent() -> None:
    found, _ = asked(error(429, "RESOURCE_EXHAUSTED", **{"retry-after": "7"}))
    assert (found.wait, found.is_general) == (7.0, True)


def test_a_token_that_is_refused_is_asked_for_anew_once() -> None:
    found, requests = asked(lambda: error(401, "UNAUTHENTICATED"))
    assert found.verdict is Verdict.SET_UP and len(requests) == 2


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (httpx.Response(200, json={"reachableUsers": [PHONE], "totalRandomSampleUserCount": 375}), {PHONE}),
        (httpx.Response(200, json={"totalRandomSampleUserCount": 375}), set()),  # none of them
        (httpx.Response(200, json={}), None),
        (httpx.Response(200, text="<html>"), None),
        (error(400, "INVALID_ARGUMENT"), None),
    ],
)
def test_who_is_reached_is_believed_where_google_says_it(answer: Any, found: Any) -> None:
    reachable, (request,) = asked(answer, lambda rbm: rbm.reachable(ACCOUNT, [PHONE, "+48600100201"]))
    assert reachable == found
    assert request.url.path == "/v1/users:batchGet"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (httpx.Response(200, json={}), "accepted"),
        (error(404, "NOT_FOUND"), "gone"),
        (httpx.Response(200, text="<html>welcome to the hotel</html>"), "unknown"),
        (httpx.Response(404, text="<html>"), "later"),
        (error(500, "NOT_FOUND"), "unknown"),
    ],
)
def test_what_is_taken_back_and_what_comes_too_late(answer: Any, verdict: str) -> None:
    found, (request,) = asked(answer, lambda rbm: rbm.revoke(ACCOUNT, PHONE, ID, a_place))
    assert found.verdict == verdict
    assert (request.method, request.url.path) == ("DELETE", f"/v1/phones/{PHONE}/agentMessages/{ID}")


def test_of_a_service_account_whose_token_was_asked_for_no_key_is_kept() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"access_token": "ya29.x"})

    async def run() -> GoogleTokens:
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            tokens = GoogleTokens(client, "https://g.example/token", SCOPE, PROVIDER)

            async def ask(_: Any) -> Answer:
                return Answer(Verdict.ACCEPTED)

            for number in range(3):
                await tokens.with_token(ServiceAccount(f"agent{number}", "rcs@shop.example", RSA_PEM), ask)
            return tokens

    tokens = asyncio.run(run())

    assert len(tokens._locks) == 0, "only those that are in use"
    assert all(isinstance(key, bytes) and len(key) == 32 for key in tokens._tokens._values)
