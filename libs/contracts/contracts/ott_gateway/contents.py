"""What a WhatsApp message says: an approved template, or within the person's 24 hours a text, media, buttons.

Limits: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages and
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
"""

from __future__ import annotations

from enum import StrEnum

from marshmallow import fields, validate

from contracts.schema import Schema, line_field, one_line, plain_text

# Characters.
TEXT_MAX, CAPTION_MAX, BUTTONS_TEXT_MAX = 4_096, 1_024, 1_024
HEADER_MAX = FOOTER_MAX = 60
PARAMETER_MAX = 1_024
URL_MAX = 2_000
BUTTONS_MAX = 3
PARAMETERS_MAX = 50  # of a template's body
TEMPLATE_BUTTONS_MAX = 10

TEMPLATE_NAME = validate.Regexp(
    r"^[a-z0-9_]{1,512}\Z", error="Not a valid name of a template: lower-case letters, digits and underscores."
)
TEMPLATE_LANGUAGE = validate.Regexp(
    r"^[a-z]{2,3}(_[A-Z]{2})?\Z", error="Not a valid language of a template, such as pl or pt_BR."
)
_HTTPS = validate.Regexp(r"^https://[!-~]+\Z", error="Not a valid address: it begins with https://.")


class MediaKind(StrEnum):
    """What a person is shown; WhatsApp fetches it from its link."""

    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    AUDIO = "audio"


HEADER_KINDS = (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT)


def _text(maximum: int, what: str) -> fields.String:
    return fields.String(validate=[validate.Length(max=maximum), plain_text], metadata={"description": what})


def _link() -> fields.String:
    return fields.String(required=True, validate=[validate.Length(max=URL_MAX), _HTTPS])


def _filename() -> fields.String:
    return fields.String(
        validate=[validate.Length(min=1, max=240), one_line], metadata={"description": "of a document alone"}
    )


class Media(Schema):
    kind = fields.Enum(MediaKind, by_value=True, required=True)
    link = _link()
    caption = _text(CAPTION_MAX, "a template over the recipient's fields; audio has none")
    filename = _filename()


class HeaderMedia(Schema):
    kind = fields.Enum(MediaKind, by_value=True, required=True, validate=validate.OneOf(HEADER_KINDS))
    link = _link()
    filename = _filename()


class TemplateButton(Schema):
    """A button of the template that takes a value: the end of its link, or what an answer by it carries."""

    index = fields.Integer(required=True, strict=True, validate=validate.Range(0, TEMPLATE_BUTTONS_MAX - 1))
    url = _text(URL_MAX, "what stands for {{1}} at the end of its link; a template over the recipient's fields")
    payload = _text(256, "what comes back where a person presses it")


class TemplateUse(Schema):
    """A template that WhatsApp has approved, with what stands for its placeholders."""

    name = fields.String(required=True, validate=TEMPLATE_NAME)
    language = fields.String(required=True, validate=TEMPLATE_LANGUAGE)
    header = _text(HEADER_MAX, "for {{1}} of a header of text; a template over the recipient's fields")
    header_media = fields.Nested(HeaderMedia, metadata={"description": "of a header of media"})
    body = fields.List(
        _text(PARAMETER_MAX, "for {{1}}, {{2}}, … of the body; templates over the recipient's fields"),
        validate=validate.Length(max=PARAMETERS_MAX),
    )
    buttons = fields.List(fields.Nested(TemplateButton), validate=validate.Length(max=TEMPLATE_BUTTONS_MAX))


class Button(Schema):
    """An answer that the person gives with one tap."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(r"^[!-~]{1,256}\Z", error="Not a valid id: printable ASCII, up to 256 characters."),
    )
    title = line_field(20, 1, required=True)


class WhatsappContent(Schema):
    """One of `template`, `media` and `text`, which may have `buttons`. Without a template it goes only to people who
    have written to the number in the last 24 hours."""

    template = fields.Nested(TemplateUse)
    text = _text(TEXT_MAX, "a template over the recipient's fields; with buttons up to 1,024 characters")
    media = fields.Nested(Media)
    buttons = fields.List(fields.Nested(Button), validate=validate.Length(max=BUTTONS_MAX))
    header = _text(HEADER_MAX, "above a text with buttons; a template over the recipient's fields")
    footer = _text(FOOTER_MAX, "below a text with buttons; a template over the recipient's fields")
    preview_url = fields.Boolean(metadata={"description": "whether the first link of a text is shown with a picture"})


NAMES = tuple(WhatsappContent._declared_fields)


class WhatsappPreview(Schema):
    """A message as one recipient gets it: each text that is a template, by its place in the content."""

    text = fields.String(metadata={"description": "what is read first: the text, the caption, or the template's body"})
    texts = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "by place: `template.body.0`"}
    )
