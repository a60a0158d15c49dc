"""SMTP accounts: what partners' servers log in with to submit mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.email_addresses import email_address
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of

MOST_ACCOUNTS = 50  # of one customer
MOST_BLOCKED = 10_000  # addresses of one SMTP account
RATE_MAX = 60_000
_NETWORKS = {"description": "addresses and networks that may log in, IPv4 and IPv6; none: all"}


def _ip_list(**options: Any) -> fields.List[str]:
    return fields.List(line_field(50, 1), validate=validate.Length(max=200), metadata=_NETWORKS, **options)


def _tracks(what: str, **options: Any) -> fields.Boolean:
    return fields.Boolean(
        metadata={
            "description": f"whether {what} in the HTML of its mails are recorded, from the next log-in on; mails over"
            " 256 KiB, and those that their author has signed or encrypted, stay as they are"
        },
        **options,
    )


def _rate(**options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=1, max=RATE_MAX), **options)


class SmtpAccountCreate(Schema):
    name = line_field(100, 1, required=True)
    ip_list = _ip_list(load_default=list)
    messages_a_minute = _rate(load_default=6_000)
    tracks_clicks = _tracks("clicks", load_default=False)
    tracks_opens = _tracks("openings", load_default=False)


class SmtpAccountUpdate(Schema):
    name = line_field(100, 1)
    ip_list = _ip_list()
    messages_a_minute = _rate()
    is_active = fields.Boolean()
    tracks_clicks = _tracks("clicks")
    tracks_opens = _tracks("openings")


class SmtpAccount(Schema):
    id = fields.UUID()
    name = fields.String()
    username = fields.String()
    ip_list = fields.List(fields.String())
    messages_a_minute = fields.Integer(metadata={"description": "recipients of all connections together"})
    is_active = fields.Boolean()
    tracks_clicks = fields.Boolean()
    tracks_opens = fields.Boolean()
    last_used_at = fields.AwareDateTime(allow_none=True, metadata={"volatile": True})
    created_at = fields.AwareDateTime()


class NewSmtpAccount(SmtpAccount):
    """`password` is shown this once; only its hash is kept."""

    password = fields.String()


class BlockedAddress(Schema):
    id = fields.UUID()
    email = fields.String()
    created_at = fields.AwareDateTime()


class BlockAddresses(Schema):
    emails = fields.List(email_address(), required=True, validate=validate.Length(min=1, max=1_000))


class BlockedNow(Schema):
    blocked = fields.Integer(metadata={"description": "how many are blocked now"})


SmtpAccountPage = page_of(SmtpAccount)
BlockedAddressPage = page_of(BlockedAddress)
_ID = {"smtp_account_id": UUID}

RPC: dict[str, Call] = {
    "create_smtp_account": Call(SmtpAccountCreate, NewSmtpAccount),
    "list_smtp_accounts": Call(PageQuery, SmtpAccountPage),
    "get_smtp_account": Call(None, SmtpAccount, path=_ID),
    "update_smtp_account": Call(SmtpAccountUpdate, SmtpAccount, path=_ID, edits=SmtpAccount),
    "rotate_smtp_account": Call(None, NewSmtpAccount, path=_ID),
    "delete_smtp_account": Call(None, None, path=_ID, edits=SmtpAccount),
    "list_blocked_addresses": Call(PageQuery, BlockedAddressPage, path=_ID),
    "block_addresses": Call(BlockAddresses, BlockedNow, path=_ID),
    "unblock_address": Call(None, None, path={**_ID, "blocked_id": UUID}),
}
