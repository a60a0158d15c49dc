"""What refusals mean: nobody is archived but who does not exist."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_gateway.domain.retrying import Result
from email_gateway.smtp.replies import Reply, ReplyReader
from email_gateway.smtp.verdicts import RULES, About, Rule, Stage, about, verdict


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
