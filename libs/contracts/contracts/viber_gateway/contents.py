"""What a Viber message says: a text, or a picture with one, and buttons below it.

Limits: https://developers.viber.com/docs/api/rest-bot-api/#send-message and
https://developers.viber.com/docs/tools/keyboards/
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate, validates_schema

from contracts.schema import Schema, broken_rule, line_field, plain_text

# Characters.
TEXT_MAX, PICTURE_TEXT_MAX = 7_000, 768
BUTTON_TEXT_MAX = 250
URL_MAX = 2_000
BUTTONS_MAX = 6

_HTTPS = validate.Regexp(r"^https://[!-~]+\Z", error="Not a valid address: it begins with https://.")


def _link(**more: Any) -> fields.String:
    return fields.String(validate=[validate.Length(max=URL_MAX), _HTTPS], **more)


class Picture(Schema):
    """Viber fetches it from its link: a JPEG of at most 1 MB, and a thumbnail of at most 100 kB."""

    link = _link(required=True)
    thumbnail = _link()


class ViberButton(Schema):
    """Opens a link, or answers: one of `url` and `payload`."""

    text = line_field(BUTTON_TEXT_MAX, 1, required=True)
    url = _link()
    payload = line_field(256, 1, metadata={"description": "what comes back where a person presses it"})

    @validates_schema(skip_on_field_errors=True)
    def _does_one_thing(self, button: dict[str, Any], **_: Any) -> None:
        if ("url" in button) == ("payload" in button):
            raise broken_rule("viber.button", "A button has a url or a payload.")


class ViberContent(Schema):
    """A `text`, a `picture`, or both; with `buttons` below. It goes only to people who have subscribed to the bot."""

    text = fields.String(
        validate=[validate.Length(max=TEXT_MAX), plain_text],
        metadata={"description": "a template over the recipient's fields; with a picture up to 768 characters"},
    )
    picture = fields.Nested(Picture)
    buttons = fields.List(fields.Nested(ViberButton), validate=validate.Length(max=BUTTONS_MAX))


NAMES = tuple(ViberContent._declared_fields)


class ViberPreview(Schema):
    """A message as one recipient gets it."""

    text = fields.String()
