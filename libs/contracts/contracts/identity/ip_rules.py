"""IP rules: which addresses may use an account."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.identity.shapes import Reason, text_field
from contracts.rpc import Call
from contracts.schema import Schema


class IpRules(Schema):
    """Addresses and networks (IPv4, IPv6, CIDR) that may use the account; an empty list is no limit."""

    panel = fields.List(text_field(50), required=True, validate=validate.Length(max=200))
    api = fields.List(text_field(50), required=True, validate=validate.Length(max=200))


RPC: dict[str, Call] = {
    "get_ip_rules": Call(response=IpRules),
    "set_ip_rules": Call(IpRules, IpRules, edits=IpRules),
    "reset_ip_rules": Call(Reason, IpRules, path={"account_id": UUID}),
}
