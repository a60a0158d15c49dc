"""A whole channel in miniature: the address is a phone number, the content a template, the wire a file.

The set of channels is closed, so on the bus it stands in the place of SMS; its database is its own.
"""

import re

from marshmallow import fields, validate

from contracts.channel import channel_calls
from contracts.schema import Schema

ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_TAG = re.compile(r"\{\{ *(\w+)(!?) *\}\}")


class ToyContent(Schema):
    text = fields.String(required=True, validate=validate.Length(min=1, max=500))


class ToySend(ToyContent):
    to = fields.List(fields.String(validate=validate.Regexp(ADDRESS)), required=True, validate=validate.Length(1, 1000))


RPC = channel_calls(
    content=ToyContent, address=fields.String(validate=validate.Regexp(ADDRESS)), preview=ToyContent, send=ToySend
)


class Failed(Exception):
    """A field that the content cannot do without, `{{ first_name! }}`, or a value that would read as a tag."""


class Content:
    """A stored content: what a campaign says."""

    sender = "toy"

    def __init__(self, account_id, text):
        self.account_id, self.text = str(account_id), text
        self.variables = sorted({name for name, _ in _TAG.findall(text)})
        self.is_broken = "{{" in _TAG.sub("", text)

    def render(self, values):
        """:raises Failed: its first argument says where."""

        def value_of(tag):
            value = str(values.get(tag[1], ""))
            if (tag[2] and not value) or "{{" in value:
                raise Failed(f"line 1, column {tag.start() + 1}: {tag[1]} has no value that can be printed")
            return value

        return _TAG.sub(value_of, self.text)
