"""What providers say, and what is made of it: the tables of errors."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from contracts.vocabulary import Lane, MessageState
from push_gateway.domain.answers import NO_DEVICE, outcome_of
from push_gateway.wires import apns, fcm

FCM = [
    (404, "UNREGISTERED", Verdict.GONE), (403, "SENDER_ID_MISMATCH", Verdict.REFUSED),
    (400, "INVALID_ARGUMENT", Verdict.REFUSED), (401, "THIRD_PARTY_AUTH_ERROR", Verdict.SET_UP),
    (429, "QUOTA_EXCEEDED", Verdict.LATER), (503, "UNAVAILABLE", Verdict.LATER), (500, "INTERNAL", Verdict.LATER),
]  # fmt: skip
APNS = [
    (400, "BadDeviceToken", Verdict.REFUSED), (400, "DeviceTokenNotForTopic", Verdict.REFUSED),
    (410, "Unregistered", Verdict.GONE), (410, "ExpiredToken", Verdict.GONE), (400, "TopicDisallowed", Verdict.SET_UP),
    (403, "InvalidProviderToken", Verdict.SET_UP), (413, "PayloadTooLarge", Verdict.REFUSED),
    (400, "BadCollapseId", Verdict.REFUSED), (429, "TooManyRequests", Verdict.LATER),
    (500, "InternalServerError", Verdict.LATER), (503, "ServiceUnavailable", Verdict.LATER),
    (400, "SomethingNew", Verdict.REFUSED),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "verdict"), FCM)
def test_each_answer_of_fcm_has_its_verdict(status: int, code: str | None, verdict: Verdict) -> None:
    details = [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}]

    answer = fcm.answer_of(httpx.Response(status, json={"error": {"status": "X", "details": details}}))

    assert (answer.verdict, answer.code) == (verdict, code and f"fcm.{code}")


def test_a_token_that_is_none_makes_the_device_one_that_is_gone() -> None:
    details = [
        {"fieldViolations": [{"field": "message.token", "description": "Invalid registration token"}]},
        {"errorCode": "INVALID_ARGUMENT"},
    ]

    answer = fcm.answer_of(httpx.Response(400, json={"error": {"status": "INVALID_ARGUMENT", "details": details}}))

    assert answer.verdict is Verdict.GONE


@pytest.mark.parametrize(("status", "reason", "verdict"), APNS)
def test_each_answer_of_apns_has_its_verdict(status: int, reason: str, verdict: Verdict) -> None:
    answer = apns.answer_of(httpx.Response(status, json={"reason": reason}))

    assert (answer.verdict, answer.code) == (verdict, f"apns.{reason}")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"x"', b"null", b'{"error": 3}', b'{"error": {"details": 3}}']
)
@pytest.mark.parametrize(("status", "verdict"), [(502, Verdict.UNKNOWN), (400, Verdict.REFUSED), (403, Verdict.SET_UP)])
def test_an_answer_that_nobody_understands_counts_by_its_status(status: int, verdict: Verdict, body: bytes) -> None:
    response = httpx.Response(status, content=body)

    assert {fcm.answer_of(response).verdict, apns.answer_of(response).verdict} == {verdict}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("17", 17.0), ("0", 0.0), ("", None), ("soon", None), ("9" * 30, http.LONGEST_WAIT), ("-5", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("Fri, 31 Dec 9999 23:59:59 GMT", http.LONGEST_WAIT)],
)  # fmt: skip
def test_how_long_to_wait_is_read_and_bounded(said: str, seconds: float | None) -> None:
    assert http.retry_after({"retry-after": said}) == seconds


ANSWERS = st.builds(Answer, st.sampled_from(Verdict), st.just("x.y"), st.none() | st.floats(0, 3600), st.booleans())


@given(st.lists(ANSWERS, max_size=5), st.sampled_from(Lane))
def test_a_message_has_arrived_where_one_device_took_it_and_never_waits_then(answers: list[Answer], lane: Lane) -> None:
    outcome = outcome_of(answers, lane)
    verdicts = {answer.verdict for answer in answers}

    assert (outcome.state is MessageState.DELIVERED) == (Verdict.ACCEPTED in verdicts)
    if outcome.state is MessageState.DEFERRED:
        assert verdicts & {Verdict.LATER, Verdict.SET_UP, Verdict.UNKNOWN}
    if outcome.state is MessageState.UNKNOWN:
        assert Verdict.UNKNOWN in verdicts and lane is Lane.BULK
    if verdicts <= {Verdict.GONE, Verdict.REFUSED}:
        assert outcome.state is MessageState.REJECTED and outcome.code == ("x.y" if answers else NO_DEVICE)
