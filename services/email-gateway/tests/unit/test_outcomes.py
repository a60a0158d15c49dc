"""Whom a reply speaks of at each stage, and what whoever sends may read of it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Lane
from email_gateway.domain.retrying import Result
from email_gateway.outbound.mail_outlet import REFUSED_TIMES, ended
from email_gateway.smtp.outcomes import Outcome, hope, of_host, of_smarthost
from email_gateway.smtp.peers import ConnectFailed, NotPublic
from email_gateway.smtp.replies import Reply
from email_gateway.smtp.verdicts import About, Stage

from .test_mail_outlet import message
from .test_session import Server, deliver

SECRET = "relay7.wewn.example [10.20.30.40] konto wici-prod"


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": f"550 5.1.1 {SECRET}\r\n".encode()},
        {"RCPT": f"450 4.2.1 {SECRET}\r\n".encode()},
        {"MAIL": f"530 5.7.0 {SECRET}\r\n".encode()},
        {"DATA": f"554 {SECRET}\r\n".encode()},
        {".": f"250 2.0.0 {SECRET}\r\n".encode()},
        {".": f"552 5.3.4 {SECRET}\r\n".encode()},
        {"RCPT": f"421 4.3.2 {SECRET}\r\n".encode()},
    ],
    ids=["nobody", "later", "who are you", "data", "kept", "size", "closes"],
)
def test_what_our_own_smarthost_says_is_for_its_operator_alone(answers: dict[str, bytes]) -> None:
    outcome = deliver(Server(answers), ["a@x.pl"], patient=True)["a@x.pl"]

    assert outcome.detail
    assert not [word for word in SECRET.split() if word in outcome.detail]
    assert outcome.peer == ""


@given(
    stage=st.sampled_from([Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY]),
    code=st.integers(200, 599),
    text=st.text(st.characters(categories=("Lu", "Ll", "Nd", "Zs")), min_size=12),
)
def test_no_word_of_a_smarthost_is_told(stage: Stage, code: int, text: str) -> None:
    assert text not in of_smarthost(stage, Reply(code, text)).detail


@pytest.mark.parametrize(
    ("stage", "reply", "result"),
    [
        (Stage.MAIL, Reply(530, "Must issue a STARTTLS command first", "5.7.0"), Result.RETRY),
        (Stage.MAIL, Reply(530, "Authentication required"), Result.RETRY),
        (Stage.RCPT, Reply(554, "<a@x.pl>: Relay access denied", "5.7.1"), Result.RETRY),
        (Stage.RCPT, Reply(550, "your account is disabled"), Result.RETRY),
        (Stage.BODY, Reply(554, "Sending suspended for this account"), Result.RETRY),
        (Stage.RCPT, Reply(550, "no such user", "5.1.1"), Result.HARD),
        (Stage.RCPT, Reply(552, "mailbox full", "5.2.2"), Result.SOFT),
        (Stage.MAIL, Reply(553, "sender address rejected: not owned by user", "5.7.1"), Result.SPAM),
        (Stage.BODY, Reply(550, "Unauthenticated sender", "5.7.26"), Result.SPAM),
        (Stage.BODY, Reply(550, "looks like spam", "5.7.1"), Result.SPAM),
    ],
)
def test_where_a_smarthost_refuses_us_the_mail_waits_for_its_operator(
    stage: Stage, reply: Reply, result: Result
) -> None:
    assert of_smarthost(stage, reply).result is result


@pytest.mark.parametrize(
    ("server", "end"),
    [
        (Server(greeting=b"554 No SMTP service here\r\n"), Result.SOFT),
        (Server(greeting=b"521 mx.example does not accept mail\r\n"), Result.SOFT),
        (Server(greeting=b"554 go away\r\n"), Result.SOFT),
        (Server({"EHLO": b"502 not implemented\r\n", "HELO": b"502 not implemented\r\n"}), Result.SOFT),
        (Server({"EHLO": b"550 HELO should be a FQDN\r\n"}), Result.SPAM),
        (Server(greeting=b"554 5.7.1 client [192.0.2.1] blocked using zen.spamhaus.org\r\n"), None),
        (Server(greeting=b"554 Too many connections from your host\r\n"), None),
        (Server(greeting=b"421 busy\r\n"), None),
    ],
    ids=["no service", "521", "words", "502", "helo", "listed", "load", "4xx"],
)
def test_a_final_no_before_mail_is_an_end_once_it_is_said_again_and_again(server: Server, end: Result | None) -> None:
    outcome = deliver(server, ["a@x.pl"])["a@x.pl"]

    assert (outcome.result, outcome.ends_as) == (Result.RETRY, end)
    told = message(Lane.BULK, 0)
    said = [ended(told, outcome).result for _ in range(5)]
    assert said == [Result.RETRY] * (REFUSED_TIMES - 1) + [end or Result.RETRY] * (6 - REFUSED_TIMES)


def failed(code: str, *, permanent: bool = False) -> Outcome:
    error = ConnectFailed(code, "no", permanent=permanent, about=About.HOST)
    error.host = "mx.poczta.example"
    return of_host(error, "")


NO, AWAY = failed("554", permanent=True), failed("4.4.2")
ASKED_NOBODY = Outcome(Result.RETRY, "4.4.1", "the destination did not answer a moment ago")


@pytest.mark.parametrize(
    ("heard", "is_end"),
    [
        ([AWAY, AWAY, NO], False),
        ([NO, NO, AWAY, NO, NO], False),
        ([NO, NO, Outcome(Result.RETRY, "4.2.1", "later", peer="mx.poczta.example"), NO], False),
        ([AWAY, NO, NO, NO], True),
        ([NO, ASKED_NOBODY, NO, ASKED_NOBODY, ASKED_NOBODY, NO], True),
        ([NO, NO, ASKED_NOBODY], False),
    ],
)
def test_only_refusals_in_a_row_are_an_end(heard: list[Outcome], is_end: bool) -> None:
    """Each attempt is made by a process that knows no more than what stands in the schedule."""
    recipient, ends = dict(message(Lane.BULK, 0).recipient), []
    for attempts, outcome in enumerate(heard):
        tried = message(Lane.BULK, attempts)
        tried.recipient = orjson.loads(orjson.dumps(recipient))
        ends.append(ended(tried, outcome))
        recipient = tried.recipient

    assert [end.result for end in ends[:-1]] == [Result.RETRY] * (len(heard) - 1)
    assert ends[-1].result is (Result.SOFT if is_end else Result.RETRY)


def test_a_host_that_may_be_back_counts_for_more_than_one_that_refuses() -> None:
    away, no, private = ConnectFailed("4.4.1", "away"), ConnectFailed("554", "no", permanent=True), NotPublic()

    assert max([no, away, private], key=hope) is away
    assert max([private, no], key=hope) is no
