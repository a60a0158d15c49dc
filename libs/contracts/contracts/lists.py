"""Lists that are searched, sorted and counted: their query, and their pages."""

from __future__ import annotations

import marshmallow
from marshmallow import fields, validate

from contracts.schema import PageQuery, Schema, page_of

NEWEST, OLDEST = "-created", "created"


def sort_field(default: str = OLDEST) -> fields.String:
    """In which order a list is shown. The query names none where the client does not: the list itself does then."""
    first = "the oldest first" if default == OLDEST else "the newest first"
    return fields.String(
        validate=validate.OneOf([OLDEST, NEWEST], labels=["oldest_first", "newest_first"]),
        metadata={"description": f"by when they were made: `created`, or `-created` for the newest; else {first}"},
    )


def total_fields() -> tuple[fields.Integer, fields.Boolean]:
    """How many a list has, and whether there are even more."""
    return (
        fields.Integer(
            allow_none=True, metadata={"description": "how many fit; only on the first page, null on those after it"}
        ),
        fields.Boolean(metadata={"description": "true where there are more than the 10,000 of `total`"}),
    )


def _q_field() -> fields.String:
    return fields.String(
        validate=validate.Length(min=1, max=200),
        metadata={"description": "words, each of which the name holds anywhere, without case or accents"},
    )


class NamedQuery(PageQuery):
    """Of a list in the order in which its things were made."""

    q = _q_field()
    sort = sort_field()


class NewestQuery(PageQuery):
    """Of a list that begins with the newest."""

    q = _q_field()
    sort = sort_field(NEWEST)


def counted_page_of(item: type[marshmallow.Schema]) -> type[Schema]:
    """The schema of one page of `item` that says how many there are."""
    page = page_of(item)
    total, total_is_estimate = total_fields()
    return type(page.__name__, (page,), {"total": total, "total_is_estimate": total_is_estimate})
