"""What refusals mean: nobody is archived but who does not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_gateway.domain.retrying import Result
from email_gateway.smtp import verdicts
from email_gateway.smtp.replies import Reply, ReplyReader
from email_gateway.smtp.verdicts import REFUSALS, RULES, About, Rule, Stage, about, judged, verdict


def read(line: str) -> Reply:
    (reply,) = ReplyReader().feed(line.encode() + b"\r\n")
    return reply


@pytest.mark.parametrize(
    ("stage", "line", "meaning"),
    [
        (Stage.BODY, "250 2.0.0 queued", Result.DELIVERED),
        (Stage.RCPT, "450 4.2.1 greylisted", Result.RETRY),
        (Stage.RCPT, "452 4.2.2 mailbox full", Result.RETRY),
        (Stage.MAIL, "451 4.1.8 Sender address rejected", Result.RETRY),
        # there is no such person
        (Stage.RCPT, "550 5.1.1 no such user", Result.HARD),
        (Stage.BODY, "550 5.1.1 no such user", Result.HARD),
        (Stage.RCPT, "550 no such user here", Result.HARD),
        (Stage.RCPT, "550 5.1.1 <abuse@firma.example>: Recipient address rejected: User unknown", Result.HARD),
        (Stage.RCPT, "550 <spam.sender@firma.example>: user unknown", Result.HARD),
        (Stage.RCPT, "550 5.1.10 RecipientNotFound; Recipient not found by SMTP address lookup", Result.HARD),
        (Stage.RCPT, "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", Result.HARD),
        (Stage.RCPT, "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", Result.HARD),
        (Stage.BODY, "554 delivery error: dd This user doesn't have a yahoo.com account (a@b.c)", Result.HARD),
        (Stage.RCPT, "550 5.2.1 The email account that you tried to reach is disabled.", Result.HARD),
        (Stage.RCPT, "550 Unrouteable address", Result.HARD),
        (Stage.RCPT, "550 Konto nie istnieje", Result.HARD),
        # at MAIL no recipient has been named
        (Stage.MAIL, "550 5.1.8 Sender address rejected", Result.SPAM),
        (Stage.MAIL, "550 5.1.1 no such user", Result.SPAM),
        (Stage.MAIL, "550 mailbox unavailable", Result.SPAM),
        (Stage.MAIL, "553 <a@b.example>: address does not exist", Result.SPAM),
        # the sender, the policy, the content
        (Stage.BODY, "550 5.7.26 Unauthenticated sender", Result.SPAM),
        (Stage.RCPT, "550 5.7.1 recipient rejected: user unknown", Result.SPAM),
        (Stage.RCPT, "554 5.7.1 <a@b.example>: Recipient address rejected: Access denied", Result.SPAM),
        (Stage.RCPT, "550 5.7.25 The IP address sending this message does not have a PTR record", Result.SPAM),
        (Stage.RCPT, "550 Client host rejected: cannot find your reverse hostname, not found", Result.SPAM),
        (Stage.RCPT, "550 5.1.8 Sender address rejected: Domain not found", Result.SPAM),
        (Stage.RCPT, "550 Sender verify failed: no such user", Result.SPAM),
        (Stage.BODY, "550 Requested action not taken: mailbox unavailable; invalid DNS MX record", Result.SPAM),
        (Stage.RCPT, "550 mailbox unavailable: rejected due to policy restrictions", Result.SPAM),
        (Stage.BODY, "550 5.7.1 message rejected as spam", Result.SPAM),
        (Stage.RCPT, "554 blocked using zen.spamhaus.org", Result.SPAM),
        # the load
        (Stage.RCPT, "550 too many messages from your IP", Result.SOFT),
        (Stage.RCPT, "550 5.2.1 The user is receiving mail at a rate that prevents additional messages", Result.SOFT),
        # a person who exists
        (Stage.RCPT, "552 5.2.2 mailbox full", Result.SOFT),
        (Stage.RCPT, "552 quota exceeded", Result.SOFT),
        (Stage.RCPT, "550 5.2.1 mailbox not accepting messages", Result.SOFT),
        # nobody knows
        (Stage.RCPT, "550 go away", Result.SOFT),
        (Stage.BODY, "554 transaction failed", Result.SOFT),
        (Stage.RCPT, "550 5.4.6 routing loop", Result.SOFT),
        (Stage.RCPT, "550 5.4.4 host not found", Result.SOFT),
        (Stage.RCPT, "500 what?", Result.SOFT),
    ],
)  # fmt: skip
def test_replies_mean_what_they_say(stage: Stage, line: str, meaning: Result) -> None:
    assert verdict(stage, read(line)) is meaning


def real_replies() -> list[tuple[str, str, str, str]]:
    lines = (Path(__file__).parent / "real_replies.txt").read_text("utf-8").splitlines()
    told = [line.split(" | ", 3) for line in lines if line and not line.startswith("#")]
    return [(receiver, stage, meaning, reply) for receiver, stage, meaning, reply in told]


@pytest.mark.parametrize(("receiver", "stage", "meaning", "line"), real_replies())
def test_replies_of_real_receivers_speak_of_whom_they_speak(receiver: str, stage: str, meaning: str, line: str) -> None:
    reply = read(line)

    if meaning == "retry":
        assert verdict(Stage(stage), reply) is Result.RETRY
        return
    assert about(Stage(stage), reply) == meaning
    is_hard = meaning == About.PERSON and stage not in (Stage.CONNECT, Stage.EHLO)
    assert (verdict(Stage(stage), reply) is Result.HARD) is is_hard


def test_there_are_replies_of_every_large_receiver() -> None:
    told = real_replies()

    assert len(told) >= 80
    assert {"Gmail", "Outlook", "Yahoo", "WP", "Onet", "Interia", "o2", "Postfix", "Exim", "Exchange"} <= {
        receiver for receiver, *_ in told
    }


def counted(rule: str) -> float:
    return sum(
        sample.value
        for metric in REFUSALS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["rule"] == rule
    )


def test_each_final_refusal_counts_for_its_rule_and_an_unknown_one_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(verdicts.log, "warning", lambda event, **fields: told.append({"event": event, **fields}))
    before = counted("person-status"), counted("unknown")

    for line in (
        "550 5.1.1 no such user",
        "450 4.1.1 later",
        "550 go away, jan@firma.example 17",
        "550 go away, x@y 18",
    ):
        judged(Stage.RCPT, read(line))

    assert (counted("person-status"), counted("unknown")) == (before[0] + 1, before[1] + 2)
    assert told == [
        {"event": "refusal_unknown", "stage": "rcpt", "code": 550, "status": "550", "text": "go away, <address> 17"}
    ]


@given(stage=st.sampled_from([Stage.CONNECT, Stage.EHLO]), words=st.lists(st.sampled_from(["no such user", "unknown"])))
def test_what_is_said_before_mail_is_tried_again_whatever_its_words(stage: Stage, words: list[str]) -> None:
    assert verdict(stage, Reply(554, " ".join(words), "5.1.1")) is Result.RETRY


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.source)
def test_every_rule_has_an_example_that_no_rule_before_it_takes(rule: Rule) -> None:
    stage, line = rule.example

    reply = read(line)

    first = next(each for each in RULES if each.fits(stage, reply.enhanced or "", reply.text))
    assert first is rule
    assert about(stage, reply) is rule.about


WORDS = st.sampled_from(["no such user", "user unknown", "mailbox unavailable", "does not exist", "address", "PTR"])


@settings(max_examples=300)
@given(
    stage=st.sampled_from(Stage), status=st.sampled_from(["5.7.1", "5.7.26", "5.7.509", "5.1.8", "5.1.7"]),
    words=st.lists(WORDS, max_size=8),
)  # fmt: skip
def test_no_words_make_a_refusal_of_the_sender_speak_of_the_person(stage: Stage, status: str, words: list[str]) -> None:
    assert about(stage, Reply(550, " ".join(words), status)) is not About.PERSON


@settings(max_examples=300)
@given(code=st.integers(500, 599), status=st.sampled_from([None, "5.1.1", "5.1.10"]), words=st.lists(WORDS, max_size=8))
def test_nothing_said_to_mail_from_speaks_of_the_person(code: int, status: str | None, words: list[str]) -> None:
    assert verdict(Stage.MAIL, Reply(code, " ".join(words), status)) is not Result.HARD
