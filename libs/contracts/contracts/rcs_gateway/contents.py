"""What an RCS message says: a text, media, a card, some cards side by side, or a file; and what a tap answers or does.

https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/phones.agentMessages
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from marshmallow import fields, validate, validates_schema

from contracts.schema import PHONE, Schema, broken_rule, line_field, one_line, plain_text

# Characters of what a recipient gets; templates may be longer.
BASIC_MAX, TEXT_MAX, TITLE_MAX, DESCRIPTION_MAX, LABEL_MAX = 160, 1_000, 100, 1_000, 25
EVENT_TITLE_MAX, EVENT_DESCRIPTION_MAX = 100, 500
SUGGESTIONS_MAX, CARD_SUGGESTIONS_MAX = 11, 4
CARDS_MIN, CARDS_MAX = 2, 10
URL_MAX = 2_000
POSTBACK_MAX = 1_000
TTL_MAX = 1_296_000  # seconds: fifteen days, the longest that Google takes
TEMPLATE_MAX = 5_000
_HTTPS = validate.Regexp(r"^https://[!-~]+\Z", error="Not a valid address: it begins with https://.")


class Kind(StrEnum):
    """What a message is, and is billed as: `basic` is a text of up to 160 characters with nothing beside it."""

    BASIC = "basic"
    SINGLE = "single"
    CARD = "card"
    CAROUSEL = "carousel"
    FILE = "file"


class Tap(StrEnum):
    """What a tap on a suggestion does."""

    REPLY = "reply"
    URL = "url"
    DIAL = "dial"
    LOCATION = "location"
    SHARE_LOCATION = "share_location"
    CALENDAR = "calendar"


# Of each kind its own fields: those that it must have, of each group one, and what else it may have.
PARTS: dict[Kind, tuple[tuple[str, ...], ...]] = {
    Kind.BASIC: (("text",),),
    Kind.SINGLE: (("text", "media"), ("suggestions",)),
    Kind.CARD: (("card",), ("suggestions",)),
    Kind.CAROUSEL: (("carousel",), ("suggestions",)),
    Kind.FILE: (("media",),),
}
_NEEDED: dict[Tap, tuple[str, ...]] = {
    Tap.URL: ("url",),
    Tap.DIAL: ("phone",),
    Tap.LOCATION: ("latitude", "longitude"),
    Tap.CALENDAR: ("title", "starts_at", "ends_at"),
}


def _template(shown: int, maximum: int = TEMPLATE_MAX, **rules: Any) -> fields.String:
    what = f"a template over the recipient's fields; of what they get at most {shown} characters"
    return fields.String(validate=[validate.Length(max=maximum), plain_text], metadata={"description": what}, **rules)


def _title(shown: int, maximum: int = TEMPLATE_MAX) -> fields.String:
    """As `_template`, in one line."""
    titled = _template(shown, maximum)
    titled.validators.append(one_line)
    return titled


def _url(**rules: Any) -> fields.String:
    return fields.String(validate=[validate.Length(max=URL_MAX), _HTTPS], **rules)


class Media(Schema):
    """A picture, video or PDF that Google fetches; `height` is of a card's."""

    url = _url(required=True)
    thumbnail_url = _url()
    height = fields.String(validate=validate.OneOf(("short", "medium", "tall")))


class Suggestion(Schema):
    """Below a message or a card: a reply, or what the phone does."""

    type = fields.Enum(Tap, by_value=True, required=True)
    text = _template(LABEL_MAX, 500, required=True)
    postback = fields.String(
        validate=[validate.Length(max=POSTBACK_MAX), plain_text],
        metadata={"description": "told with the tap in the inbox; people do not see it"},
    )
    url = _url()
    phone = fields.String(validate=PHONE)
    latitude = fields.Float(validate=validate.Range(min=-90, max=90))
    longitude = fields.Float(validate=validate.Range(min=-180, max=180))
    label = line_field(100)
    title = _title(EVENT_TITLE_MAX, 1_000)
    description = _template(EVENT_DESCRIPTION_MAX, 2_000)
    starts_at = fields.AwareDateTime()
    ends_at = fields.AwareDateTime()

    @validates_schema
    def _is_whole(self, given: dict[str, Any], **_: Any) -> None:
        for name in _NEEDED.get(given.get("type"), ()):  # type: ignore[arg-type]
            if given.get(name) in (None, ""):
                raise broken_rule("suggestion.incomplete", f"A suggestion of this type needs {name}.", name)
        if "starts_at" in given and "ends_at" in given and given["ends_at"] <= given["starts_at"]:
            raise broken_rule("period.invalid", "Must be after `starts_at`.", "ends_at")


def _suggestions(most: int) -> fields.List[Any]:
    return fields.List(fields.Nested(Suggestion), validate=validate.Length(max=most))


class Card(Schema):
    """A card: media, a title, a description, or all of them."""

    title = _title(TITLE_MAX)
    description = _template(DESCRIPTION_MAX)
    media = fields.Nested(Media)
    suggestions = _suggestions(CARD_SUGGESTIONS_MAX)

    @validates_schema
    def _is_something(self, given: dict[str, Any], **_: Any) -> None:
        if not any(given.get(name) for name in ("title", "description", "media")):
            raise broken_rule("card.empty", "A card has a title, a description or media.", "title")


class Carousel(Schema):
    """Cards side by side, which a person swipes through."""

    width = fields.String(validate=validate.OneOf(("small", "medium")))
    cards = fields.List(fields.Nested(Card), required=True, validate=validate.Length(min=CARDS_MIN, max=CARDS_MAX))


class RcsContent(Schema):
    """What an RCS message says. `kind` tells which of the other fields it has, and how it is billed.

    `basic` has a `text`, `single` a `text` or `media` and suggestions, `card` a card, `carousel` two to ten, `file`
    media.
    """

    kind = fields.Enum(Kind, by_value=True, required=True)
    text = _template(TEXT_MAX)
    media = fields.Nested(Media)
    card = fields.Nested(Card)
    carousel = fields.Nested(Carousel)
    suggestions = _suggestions(SUGGESTIONS_MAX)
    ttl_seconds = fields.Integer(
        strict=True,
        validate=validate.Range(min=10, max=TTL_MAX),
        metadata={"description": "after which a message that has not been delivered is taken back; three days"},
    )

    @validates_schema
    def _fits(self, given: dict[str, Any], **_: Any) -> None:
        kind = given.get("kind")
        if kind is None:
            return
        groups = PARTS[kind]
        allowed = {name for group in groups for name in group}
        for name in ("text", "media", "card", "carousel", "suggestions"):
            if given.get(name) and name not in allowed:
                raise broken_rule("content.not_of_kind", f"A message of the kind {kind} has no {name}.", name)
        if sum(bool(given.get(name)) for name in groups[0]) != 1:
            detail = f"A message of the kind {kind} has one of: {', '.join(groups[0])}."
            raise broken_rule("content.not_of_kind", detail, groups[0][0])


NAMES = tuple(RcsContent._declared_fields)


class RcsPreview(Schema):
    """The content as one recipient gets it."""

    content = fields.Dict(keys=fields.String())
    kind = fields.String()
    characters = fields.Integer(metadata={"description": "of the text, or of the longest description"})
