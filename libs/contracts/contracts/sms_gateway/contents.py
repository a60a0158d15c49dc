"""What an SMS says."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.channel import PreparedContent
from contracts.contacts.audiences import Audience
from contracts.money import Money
from contracts.rpc import Call
from contracts.schema import Schema, plain_text
from contracts.utm import utm_field

TEXT_MAX = 5_000
VALIDITY_MAX = 4_320  # minutes: three days


def text(**options: Any) -> fields.String:
    """The text of an SMS, which is never empty."""
    return fields.String(required=True, validate=[validate.Length(min=1, max=TEXT_MAX), plain_text], **options)


def validity(**options: Any) -> fields.Integer:
    """For how many minutes a message is of use."""
    limits = validate.Range(min=1, max=VALIDITY_MAX)
    return fields.Integer(load_default=None, allow_none=True, strict=True, validate=limits, **options)


NATIONAL_LANGUAGES = ("tr", "es", "pt")


def national_language() -> fields.String:
    """Whose tables of GSM 03.38 the text may be written with."""
    return fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(NATIONAL_LANGUAGES),
        metadata={
            "description": "Turkish, Spanish or Portuguese: where the GSM alphabet lacks letters, the tables of that"
            " language (3GPP TS 23.038) are used, which takes fewer parts than UCS-2. It leaves only by carriers that"
            " take them"
        },
    )


def short_links() -> fields.Boolean:
    """Whether links of the text become short ones of each recipient, whose clicks are counted."""
    return fields.Boolean(
        load_default=False,
        metadata={
            "description": "Each link of the text that is the same for everybody becomes a short one of the recipient's"
            " own, whose clicks are counted. All are of one length, so that parts are known before"
        },
    )


class SmsContent(Schema):
    """What an SMS says; `text` may be a template over the recipient's fields."""

    text = text()
    flash = fields.Boolean(load_default=False)
    validity_minutes = validity()
    replace_diacritics = fields.Boolean(load_default=False)
    national_language = national_language()
    short_links = short_links()
    utm = utm_field("where short links lead")


class Length(Schema):
    """`units` are septets (gsm) or UTF-16 code units (ucs2)."""

    encoding = fields.String(validate=validate.OneOf(("gsm", "ucs2")))
    characters = fields.Integer()
    units = fields.Integer()
    parts = fields.Integer()


class Offender(Schema):
    """A character that forces UCS-2."""

    character = fields.String()
    name = fields.String(metadata={"description": "in Unicode: LATIN SMALL LETTER L WITH STROKE"})
    positions = fields.List(fields.Integer(), metadata={"description": "in characters from 0; the first fifty"})
    times = fields.Integer()
    replacement = fields.String(allow_none=True, metadata={"description": "its plain spelling; null where it has none"})


class Replaced(Length):
    """The text in its plain spelling, as `replace_diacritics` would send it."""

    parts_saved = fields.Integer()


class Counted(Length):
    """A text as it would travel."""

    offending = fields.List(fields.String(), metadata={"description": "Characters that force UCS-2, in order"})
    offenders = fields.List(fields.Nested(Offender))
    national_language = fields.String(
        allow_none=True, metadata={"description": "Whose tables it is written with; null for the common alphabets"}
    )
    text = fields.String(metadata={"description": "The text after replacement"})
    replaced = fields.Nested(Replaced, allow_none=True, metadata={"description": "null where it would change nothing"})


class PlacePrice(Schema):
    """`network`: a network (`pl.play`), a country (`pl`), or null: everywhere else."""

    network = fields.String(allow_none=True)
    price = fields.Nested(Money, metadata={"description": "Of a part, as the account pays it now"})
    cost = fields.Nested(Money, metadata={"description": "Of this text"})


class SampledNetwork(Schema):
    """Contacts of the sample with phones of one network (`pl.play`) or, without one, of one country (`us`)."""

    network = fields.String(allow_none=True)
    contacts = fields.Integer()
    parts = fields.Integer(metadata={"description": "of all of them"})
    price = fields.Nested(Money, allow_none=True, metadata={"description": "Of a part; null where none is set"})
    cost = fields.Nested(Money, allow_none=True, metadata={"description": "Of all these parts"})


class AudienceCost(Schema):
    """What a text costs for a whole audience, as its sample says: about `estimate`, and `most` where everybody's text
    took as many parts as the longest of the sample."""

    estimate = fields.Nested(Money)
    most = fields.Nested(Money)


class Measured(Schema):
    """What a template takes of its recipients, by a sample of them."""

    variables = fields.List(fields.String())
    looked_at = fields.Integer()
    failed = fields.Integer(metadata={"description": "of them, for whom no text can be made"})
    typical = fields.Nested(Length, allow_none=True)
    longest = fields.Nested(Length, allow_none=True)
    networks = fields.List(fields.Nested(SampledNetwork), metadata={"description": "the most frequent first"})
    reachable = fields.Integer(
        allow_none=True,
        metadata={"description": "contacts of the whole audience; null where it took too long to count"},
    )
    total = fields.Nested(
        AudienceCost,
        allow_none=True,
        metadata={"description": "of all of them; null where a network of the sample has no price"},
    )


class CountedParts(Counted):
    prices = fields.List(
        fields.Nested(PlacePrice), metadata={"description": "by what has a price of its own; empty where none is set"}
    )
    recipients = fields.Nested(Measured, allow_none=True, metadata={"description": "where an audience was given"})


class PartsCount(Schema):
    text = fields.String(required=True, validate=[validate.Length(max=TEXT_MAX), plain_text])
    replace_diacritics = fields.Boolean(load_default=False)
    national_language = national_language()
    short_links = short_links()
    audience = fields.Nested(
        Audience,
        load_default=None,
        allow_none=True,
        metadata={"description": "the text is a template: what do these take of it?"},
    )


class PreparedSms(PreparedContent):
    """`parts_max` is for the text as it is written, with every variable at its default or empty."""

    parts_max = fields.Integer(allow_none=True)


class SmsPreview(Counted):
    sender = fields.String()


RPC: dict[str, Call] = {"count_parts": Call(PartsCount, CountedParts)}
