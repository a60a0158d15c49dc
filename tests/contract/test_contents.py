"""What an e-mail holds has one limit, whether a campaign or the channel is told it."""

from marshmallow import validate

from contracts.campaigns import content as campaigns
from contracts.email_gateway import contents


def longest(schema, name):
    (limit,) = {one.max for one in schema().fields[name].validators if isinstance(one, validate.Length)}
    return limit


def test_an_email_content_has_the_same_limits_in_a_campaign_and_at_the_channel():
    for name in ("subject", "preheader", "html", "text"):
        assert longest(campaigns.EmailContent, name) == longest(contents.EmailContent, name), name
