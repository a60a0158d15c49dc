"""What a push says."""

from __future__ import annotations

import re

from marshmallow import fields, validate

from contracts.schema import UNSEEN, Schema, line_field, one_line, plain_text

TITLE_MAX, BODY_MAX, URL_MAX = 500, 4_000, 2_000
TTL_MAX = 2_419_200  # seconds: the four weeks that FCM and push services of browsers keep a message at most
BUTTONS_MAX = 3
LANGUAGE = validate.Regexp(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z", error="Not a valid language, such as pl or pt-BR.")
_NO_NUL = validate.Regexp(r"^[^\x00]*\Z", error="Not a valid text: it holds characters that are no text.")
_HTTPS = validate.Regexp(r"^https://[!-~]+\Z", error="Not a valid address: it begins with https://.")
# What a tap opens: a page, or a place in the application. Never what a browser would run, or what reads as another.
_LINK = rf"^(?!(?:javascript|data|vbscript|file|blob):)[a-z][a-z0-9+.-]*:[^\s{UNSEEN}]+\Z"


def _text(maximum: int, what: str) -> fields.String:
    return fields.String(validate=[validate.Length(max=maximum), plain_text], metadata={"description": what})


def _title(what: str) -> fields.String:
    return line_field(TITLE_MAX, metadata={"description": what})


def is_link(written: str) -> bool:
    """Whether a device may open it: `https://shop.example/cart`, `shop://cart`."""
    return len(written) <= URL_MAX and re.match(_LINK, written) is not None


class Translation(Schema):
    """Title and body for devices of a language."""

    title = _title("a template over the recipient's fields")
    body = _text(BODY_MAX, "a template over the recipient's fields")


class Button(Schema):
    """An action below the message; `id` is what the application hears."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(r"^[a-z0-9_-]{1,40}\Z", error="Not a valid id: a-z, 0-9, _ and -, up to 40."),
    )
    title = line_field(40, 1, required=True)
    url = fields.String(
        validate=[
            validate.Length(max=URL_MAX),
            plain_text,
            validate.Regexp(_LINK, error="Not a valid address, such as shop://cart."),
        ],
        metadata={"description": "what it opens"},
    )


class PushContent(Schema):
    """What a push says: `title` and `body` for devices whose language is not among `translations`.

    Without a body it is silent: the application gets `data` and shows nothing.
    """

    title = _title("a template over the recipient's fields; shown whole: about 50 characters")
    body = _text(BODY_MAX, "a template over the recipient's fields; shown whole: about 150 characters")
    translations = fields.Dict(
        keys=fields.String(validate=LANGUAGE),
        values=fields.Nested(Translation),
        validate=validate.Length(max=50),
        metadata={"description": "title and body by language: pl, or pt-BR before pt"},
    )
    image = fields.String(validate=[validate.Length(max=URL_MAX), _HTTPS])
    url = _text(URL_MAX, "what a tap opens: a page, or a place in the application; a template")
    sound = fields.String(
        validate=validate.Regexp(r"^[A-Za-z0-9_.-]{1,100}\Z", error="Not a valid sound: a name of a file."),
        metadata={"description": "`default`, or a sound of the application"},
    )
    silent = fields.Boolean(metadata={"description": "wakes the application and shows nothing"})
    buttons = fields.List(fields.Nested(Button), validate=validate.Length(max=BUTTONS_MAX))
    data = fields.Dict(
        keys=fields.String(
            validate=validate.Regexp(
                r"^(?!wici|google|gcm|from$|aps$)[A-Za-z][A-Za-z0-9_.-]{0,99}\Z",
                error="Not a valid key of data: a letter, then letters, digits, _, . and -.",
            )
        ),
        values=fields.String(validate=[validate.Length(max=1_000), plain_text, _NO_NUL]),
        validate=validate.Length(max=50),
        metadata={"description": "for the application; `wici…`, `google…`, `gcm…`, `from` and `aps` are taken"},
    )
    ttl_seconds = fields.Integer(
        strict=True,
        validate=validate.Range(min=0, max=TTL_MAX),
        metadata={"description": "for how long a device that is away is waited for; 0: now or never"},
    )
    collapse_key = fields.String(
        validate=[validate.Length(min=1, max=64), one_line],
        metadata={"description": "of messages with one key a device shows the last"},
    )


NAMES = tuple(PushContent._declared_fields)


class PushPreview(Schema):
    """Title and body as one recipient gets them, with what each platform cuts."""

    title = fields.String()
    body = fields.String()
    url = fields.String(allow_none=True)
    languages = fields.Dict(
        keys=fields.String(), values=fields.Nested(Translation), metadata={"description": "of each translation"}
    )
