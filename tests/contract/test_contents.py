"""What an e-mail holds has one limit, whether a campaign or the channel is told it."""

from marshmallow import validate

from contracts.campaigns import chains
from contracts.campaigns import content as campaigns
from contracts.email_gateway import contents


def longest(schema, name):
    (limit,) = {one.max for one in schema().fields[name].validators if isinstance(one, validate.Length)}
    return limit


def test_an_email_content_has_the_same_limits_in_a_campaign_and_at_the_channel():
    for name in ("subject", "preheader", "html", "text"):
        assert longest(campaigns.EmailContent, name) == longest(contents.EmailContent, name), name


def test_a_steps_content_and_sender_for_another_channel_are_named_so():
    steps = [
        {"channel": "rcs", "from": "Agent", "content": {"text": "a text, without its kind"}},
        {"channel": "sms", "from": {"from_email": "a@firma.pl"}, "content": {"kind": "basic", "text": "an RCS"}},
        {"channel": "rcs", "from": "Agent", "content": {"kind": "basic", "text": "x" * 6_000}},
    ]

    found = chains.ChainCreate().validate({"steps": steps, "to": {"phone": "+48600100200"}})["steps"]

    def codes(messages):
        return [getattr(message, "code", None) for message in messages]

    assert codes(found[0]["content"]) == ["content.other_channel"]
    assert codes(found[1]["content"]) == ["content.other_channel"]
    assert codes(found[1]["from"]) == ["sender.other_channel"]
    assert set(found[2]["content"]) == {"text"}  # for no channel: what is wrong for the step's own
