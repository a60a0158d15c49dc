"""A campaign's content while it is a draft: the channel's own schema with nothing required."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.campaigns.content import EmailSender, content_problems
from contracts.email_gateway.contents import EmailContent
from contracts.sms_gateway.contents import TEXT_MAX, VALIDITY_MAX
from contracts.vocabulary import Channel


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        *((channel, {}) for channel in Channel),
        (Channel.SMS, {"text": ""}),
        (Channel.EMAIL, {"text": ""}),
        (Channel.PUSH, {"body": "", "translations": {"pl": {"title": ""}}}),
    ],
)
def test_draft_may_be_incomplete(channel: Channel, content: dict[str, Any]) -> None:
    assert content_problems(channel, content) == {}


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        (Channel.SMS, {"text": "a" * (TEXT_MAX + 1), "flash": True}),
        (Channel.SMS, {"text": "a\0b"}),
        (Channel.SMS, {"validity_minutes": VALIDITY_MAX + 1}),
        (Channel.SMS, {"validity_minutes": None}),
        (Channel.EMAIL, {"subject": "Hello\r\nBcc: all@example.com"}),
        (Channel.EMAIL, {"preheader": "two\nlines"}),
        (Channel.EMAIL, {"html": "a\0b"}),
        (Channel.EMAIL, {"from_email": "ala@example.com"}),
        (Channel.PUSH, {"title": "a\0b"}),
        (Channel.PUSH, {"translations": {"pl": {"body": "a\0b"}}}),
        (Channel.PUSH, {"buttons": [{"id": "buy", "title": "Buy", "url": "javascript:alert(1)"}]}),
        (Channel.PUSH, {"data": {"aps": "x"}}),
        (Channel.PUSH, {"image": "http://shop.example/a.png"}),
    ],
)
def test_what_the_channel_could_not_send_is_refused_in_a_draft(channel: Channel, content: dict[str, Any]) -> None:
    assert set(content_problems(channel, content)) == set(content) - {"flash"}


@pytest.mark.parametrize("name", ["subject", "preheader", "html", "text"])
def test_limits_of_a_draft_are_those_of_its_channel(name: str) -> None:
    field = EmailContent().fields[name]
    most = max(getattr(validator, "max", 0) for validator in field.validators)

    assert content_problems(Channel.EMAIL, {name: "a" * most}) == {}
    assert set(content_problems(Channel.EMAIL, {name: "a" * (most + 1)})) == {name}


def test_sender_of_an_email_has_an_address_and_a_name_of_one_line() -> None:
    assert set(EmailSender().validate({"from_name": "Ala\nBcc: x"})) == {"from_email", "from_name"}
    assert EmailSender().validate({"from_email": "ala@example.com"}) == {}
