"""The audit trail."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validates_schema

from contracts.identity.shapes import text_field
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, broken_rule, page_of


class AuditEntry(Schema):
    id = fields.UUID()
    at = fields.AwareDateTime()
    action = fields.String()
    user_id = fields.UUID(allow_none=True)
    login = fields.String(allow_none=True, metadata={"description": "Of the user, while there is one"})
    api_key_id = fields.UUID(allow_none=True)
    operator_id = fields.UUID(allow_none=True)
    target_id = fields.String(allow_none=True)
    address = fields.String(allow_none=True, metadata={"description": "The IP address that it was done from"})
    request_id = fields.String(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Of an operator, who always gives one"})
    details = fields.Dict(keys=fields.String())


class OperatorAuditEntry(AuditEntry):
    account_id = fields.UUID(allow_none=True)


class AuditQuery(PageQuery):
    """`action` is one (`campaign.scheduled`) or all of a noun (`campaign`); `from` is included, `to` is not."""

    action = text_field(60, load_default=None, allow_none=True)
    user_id = fields.UUID(load_default=None, allow_none=True)
    api_key_id = fields.UUID(load_default=None, allow_none=True)
    operator_id = fields.UUID(load_default=None, allow_none=True)
    target_id = text_field(100, load_default=None, allow_none=True)
    address = fields.IP(load_default=None, allow_none=True)
    since = fields.AwareDateTime(load_default=None, allow_none=True, data_key="from")
    until = fields.AwareDateTime(load_default=None, allow_none=True, data_key="to")

    @validates_schema
    def _in_order(self, filters: dict[str, Any], **_: Any) -> None:
        since, until = filters.get("since"), filters.get("until")
        if since is not None and until is not None and since > until:
            raise broken_rule("period.invalid", "Must not be before `from`.", "to")


class OperatorAuditQuery(AuditQuery):
    account_id = fields.UUID(load_default=None, allow_none=True)


AuditPage = page_of(AuditEntry)
OperatorAuditPage = page_of(OperatorAuditEntry)

RPC: dict[str, Call] = {
    "list_audit_entries": Call(AuditQuery, AuditPage),
    "list_operator_acts": Call(OperatorAuditQuery, OperatorAuditPage),
}
