"""Mail routes, which are the operators'."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.email_gateway.addresses import HOST
from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, page_of


class MailRouteCreate(Reasoned):
    pattern = fields.String(
        required=True,
        validate=validate.Regexp(r"(\*|(\*\.)?[^\s*@]{1,253})\Z", error="Not a valid pattern."),
        metadata={"description": "recipient domain: `*`, `example.com` or `*.example.com`; the longest that fits wins"},
    )
    kind = fields.String(required=True, validate=validate.OneOf(("smarthost", "mx")))
    host = fields.String(load_default=None, allow_none=True, validate=HOST)
    port = fields.Integer(load_default=25, validate=validate.Range(min=1, max=65535))
    tls = fields.String(load_default="opportunistic", validate=validate.OneOf(("off", "opportunistic", "required")))
    username = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    password = fields.String(load_default=None, allow_none=True, load_only=True, validate=validate.Length(max=500))
    connections = fields.Integer(load_default=10, validate=validate.Range(min=1, max=200))


class MailRoute(Schema):
    id = fields.UUID()
    pattern = fields.String()
    kind = fields.String()
    host = fields.String(allow_none=True)
    port = fields.Integer()
    tls = fields.String()
    username = fields.String(allow_none=True)
    connections = fields.Integer()
    created_at = fields.AwareDateTime()


MailRoutePage = page_of(MailRoute)

RPC: dict[str, Call] = {
    "create_mail_route": Call(MailRouteCreate, MailRoute),
    "list_mail_routes": Call(PageQuery, MailRoutePage),
    "delete_mail_route": Call(Reasoned, None, path={"route_id": UUID}),
}
