"""Named links: `/l/promo`. They record that they were followed, and not by whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.campaigns.texts import NAME_MAX
from contracts.contacts.forms import PAGE
from contracts.lists import NewestQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of

SUFFIX = validate.Regexp(
    r"^[a-z0-9](?:[a-z0-9-]{1,62}[a-z0-9])\Z", error="3 to 64 lower-case letters, digits and hyphens between them."
)
TARGET_MAX = 2_000


def target_field(**rules: Any) -> fields.String:
    return fields.String(
        validate=[validate.Length(max=TARGET_MAX), PAGE],
        metadata={"description": "none of this platform's own links"},
        **rules,
    )


class LinkCreate(Schema):
    """A link of a name of its own; names are everybody's, so that one that is taken is refused."""

    suffix = fields.String(required=True, validate=[validate.Length(min=3, max=64), SUFFIX])
    target = target_field(required=True)
    name = line_field(NAME_MAX, 1, load_default=None, allow_none=True)
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)


class LinkUpdate(Schema):
    """Change where it leads, its name or its end; what is left out stays."""

    target = target_field()
    name = line_field(NAME_MAX, 1, allow_none=True)
    expires_at = fields.AwareDateTime(allow_none=True)


class Link(Schema):
    id = fields.UUID()
    suffix = fields.String()
    url = fields.String()
    target = fields.String()
    name = fields.String(allow_none=True)
    clicks = fields.Integer(metadata={"description": "by people, as far as can be told", "volatile": True})
    expires_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class LinkClick(Schema):
    """`is_machine`: it was asked for ahead, by a program that said so."""

    at = fields.AwareDateTime()
    is_machine = fields.Boolean()


class ClickQuery(PageQuery):
    pass


LinkPage = counted_page_of(Link)
ClickPage = page_of(LinkClick)

_LINK = {"link_id": UUID}
RPC: dict[str, Call] = {
    "create_link": Call(LinkCreate, Link),
    "get_link": Call(response=Link, path=_LINK),
    "list_links": Call(NewestQuery, LinkPage),
    "list_link_clicks": Call(ClickQuery, ClickPage, path=_LINK),
    "update_link": Call(LinkUpdate, Link, path=_LINK, edits=Link),
    "delete_link": Call(path=_LINK, edits=Link),
}
