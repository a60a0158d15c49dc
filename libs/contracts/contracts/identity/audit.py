"""The audit trail."""

from __future__ import annotations

from marshmallow import fields

from contracts.identity.shapes import text_field
from contracts.schema import PageQuery, Schema, page_of


class AuditEntry(Schema):
    id = fields.UUID()
    at = fields.AwareDateTime()
    action = fields.String()
    user_id = fields.UUID(allow_none=True)
    api_key_id = fields.UUID(allow_none=True)
    operator_id = fields.UUID(allow_none=True)
    target_id = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    request_id = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    details = fields.Dict(keys=fields.String())


class AuditQuery(PageQuery):
    action = text_field(60, load_default=None, allow_none=True)
    user_id = fields.UUID(load_default=None, allow_none=True)
    since = fields.AwareDateTime(load_default=None, allow_none=True)
    until = fields.AwareDateTime(load_default=None, allow_none=True)


AuditPage = page_of(AuditEntry)
