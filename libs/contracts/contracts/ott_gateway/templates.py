"""Templates that WhatsApp keeps for an account's numbers, with what it says of them."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of

# https://developers.facebook.com/docs/graph-api/reference/whats-app-business-hsm (status)
APPROVED = "APPROVED"


class WhatsappTemplate(Schema):
    """As Meta keeps it; messages by one that is not APPROVED are refused."""

    id = fields.UUID()
    name = fields.String()
    language = fields.String()
    status = fields.String(metadata={"description": "Meta's word: APPROVED, PENDING, REJECTED, PAUSED, DISABLED, …"})
    category = fields.String(allow_none=True, metadata={"description": "MARKETING, UTILITY or AUTHENTICATION"})
    components = fields.List(fields.Dict(keys=fields.String()))
    updated_at = fields.AwareDateTime()


class WhatsappTemplateQuery(PageQuery):
    q = fields.String(validate=validate.Length(min=1, max=100), metadata={"description": "what the name has anywhere"})
    status = fields.String(validate=validate.Length(min=1, max=40))


WhatsappTemplatePage = page_of(WhatsappTemplate)

RPC: dict[str, Call] = {
    "list_templates": Call(WhatsappTemplateQuery, WhatsappTemplatePage, path={"whatsapp_sender_id": UUID}),
    "refresh_templates": Call(path={"whatsapp_sender_id": UUID}),
}
