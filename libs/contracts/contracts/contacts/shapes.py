"""Shapes that several of the contacts schemas share."""

from __future__ import annotations

from enum import StrEnum

from marshmallow import fields, validate

from contracts.schema import Schema

NAME = validate.Length(min=1, max=200)
TEXT = validate.Length(max=1_000)
NOTE = validate.Length(max=2_000)
KEY = validate.Regexp(r"^[a-z][a-z0-9_]{0,49}\Z", error="Lower-case letters, digits and underscores, a letter first.")
MERGE_BY = validate.OneOf(["email", "phone", "external_id"])


def word_of(words: type[StrEnum]) -> fields.String:
    """A word of a vocabulary, in an answer."""
    return fields.String(validate=validate.OneOf([word.value for word in words]))


class Empty(Schema):
    """Nothing to say."""


class Count(Schema):
    count = fields.Integer()


class JobError(Schema):
    code = fields.String()
    detail = fields.String()
