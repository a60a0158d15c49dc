"""Templates: content kept for reuse, in the shape of its channel."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow
from marshmallow import fields, validates_schema

from contracts.campaigns.content import content_field, content_problems
from contracts.campaigns.texts import NAME_MAX
from contracts.lists import NewestQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import Schema, line_field
from contracts.vocabulary import Channel


class TemplateCreate(Schema):
    """Content kept for reuse, in the shape of its channel."""

    name = line_field(NAME_MAX, 1, required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)
    content = content_field(required=True)

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, template: dict[str, Any], **_: Any) -> None:
        if problems := content_problems(template["channel"], template["content"]):
            raise marshmallow.ValidationError({"content": problems})


class TemplateUpdate(Schema):
    name = line_field(NAME_MAX, 1)
    content = content_field()


class TemplateQuery(NewestQuery):
    channel = fields.Enum(Channel, by_value=True, load_default=None, allow_none=True)


class Template(Schema):
    id = fields.UUID()
    name = fields.String()
    channel = fields.Enum(Channel, by_value=True)
    content = content_field()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


TemplatePage = counted_page_of(Template)

_TEMPLATE = {"template_id": UUID}
RPC: dict[str, Call] = {
    "create_template": Call(TemplateCreate, Template),
    "get_template": Call(response=Template, path=_TEMPLATE),
    "list_templates": Call(TemplateQuery, TemplatePage),
    "update_template": Call(TemplateUpdate, Template, path=_TEMPLATE, edits=Template),
    "delete_template": Call(path=_TEMPLATE, edits=Template),
}
