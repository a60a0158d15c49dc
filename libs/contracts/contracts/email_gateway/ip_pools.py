"""Pools of addresses that mail leaves from, which are the operators'."""

from __future__ import annotations

import ipaddress
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, line_field, page_of, plain_text

KINDS = ("shared", "dedicated")
MOST_DAYS = 100
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = [
    validate.Length(min=4, max=253),
    validate.Regexp(rf"(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\Z", error="Not a host name."),
]


def _is_address(value: str) -> None:
    """:raises ValidationError: no address of IPv4 or IPv6."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise ValidationError("Not an IP address.") from None
    if "%" in value:  # the scope of an address that nobody outside can answer
        raise ValidationError("Not an IP address.")


class IpPoolCreate(Reasoned):
    name = line_field(100, 1, required=True)
    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS),
        metadata={
            "description": "`shared`: of all accounts without a pool of their own; `dedicated`: of those put there"
        },
    )


class IpPoolChange(Reasoned):
    name = line_field(100, 1)
    is_paused = fields.Boolean(
        metadata={
            "description": "Nothing leaves from a pool that is paused: bulk of its accounts waits, for three days at"
            " most; codes leave from shared pools"
        }
    )


class IpAddressCreate(Reasoned):
    address = fields.String(
        required=True,
        validate=[validate.Length(max=45), _is_address],
        metadata={
            "description": "Each machine that runs `email_gateway.outbound` must have it",
            "any_of": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}],
        },
    )
    ehlo_name = fields.String(
        required=True,
        validate=_HOST_NAME,
        metadata={"description": "The name that the address' PTR record must lead to, and that must lead back"},
    )
    warm_up = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=100_000_000)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=100),
        metadata={
            "description": "Messages on each day (UTC) from today on, after which there is no limit. Left out: 50, 100,"
            " 500, 1,000 ... in 18 days; an empty list: no warm-up"
        },
    )


class IpAddress(Schema):
    id = fields.UUID()
    address = fields.String()
    ehlo_name = fields.String()
    is_named = fields.Boolean(
        allow_none=True,
        metadata={"description": "Whether DNS names it as it must. It is used once that is so; null: not looked up"},
    )
    found = fields.String(allow_none=True, metadata={"description": "What DNS said instead"})
    checked_at = fields.AwareDateTime(allow_none=True)
    limit_today = fields.Integer(allow_none=True, metadata={"description": "By its warm-up; null: none"})
    taken_today = fields.Integer(metadata={"description": "Of the limit: sent, or in a process' hands"})
    created_at = fields.AwareDateTime()


class IpPoolPause(Schema):
    destination = fields.String(metadata={"description": "A provider, or a recipients' domain"})
    code = fields.String()
    refusals = fields.Integer()
    since = fields.AwareDateTime()
    until = fields.AwareDateTime()


class IpPool(Schema):
    id = fields.UUID()
    name = fields.String()
    kind = fields.String()
    is_paused = fields.Boolean()
    addresses = fields.List(fields.Nested(IpAddress))
    pauses = fields.List(
        fields.Nested(IpPoolPause), metadata={"description": "Where it waits because the destination blocks it"}
    )
    accounts = fields.Integer(metadata={"description": "How many accounts are put there"})
    created_at = fields.AwareDateTime()


IpPoolPage = page_of(IpPool)


class IpPoolFiguresQuery(Schema):
    days = fields.Integer(
        load_default=7,
        validate=validate.Range(min=1, max=MOST_DAYS),
        metadata={"description": "How many days, today among them"},
    )


class IpPoolDay(Schema):
    day = fields.Date()
    destination = fields.String(metadata={"description": "A provider, or `other`"})
    delivered = fields.Integer()
    deferred = fields.Integer(metadata={"description": "Attempts that are made again"})
    refused = fields.Integer(metadata={"description": "Final refusals, blocks not among them"})
    blocked = fields.Integer(metadata={"description": "Attempts refused for the address that they came from"})
    complaints = fields.Integer()


class IpPoolFigures(Schema):
    items = fields.List(fields.Nested(IpPoolDay))


class IpPoolResume(Reasoned):
    destination = fields.String(required=True, validate=[validate.Length(min=1, max=253), plain_text])


class AccountIpPool(Reasoned):
    pool_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "null: none of its own, so the shared ones"}
    )


RPC: dict[str, Call] = {
    "create_ip_pool": Call(IpPoolCreate, IpPool),
    "list_ip_pools": Call(PageQuery, IpPoolPage),
    "get_ip_pool": Call(None, IpPool, path={"pool_id": UUID}),
    "update_ip_pool": Call(IpPoolChange, IpPool, path={"pool_id": UUID}),
    "delete_ip_pool": Call(Reasoned, None, path={"pool_id": UUID}),
    "add_ip_address": Call(IpAddressCreate, IpPool, path={"pool_id": UUID}),
    "delete_ip_address": Call(Reasoned, None, path={"pool_id": UUID, "address_id": UUID}),
    "check_ip_pool": Call(Reasoned, IpPool, path={"pool_id": UUID}),
    "get_ip_pool_figures": Call(IpPoolFiguresQuery, IpPoolFigures, path={"pool_id": UUID}),
    "resume_ip_pool": Call(IpPoolResume, IpPool, path={"pool_id": UUID}),
    "put_account_ip_pool": Call(AccountIpPool, None, path={"account_id": UUID}),
}
