"""Sender IDs: requested by accounts, decided by operators."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, page_of


class SenderIdCreate(Schema):
    """3 to 11 letters, digits and spaces with a letter among them, or a phone number in E.164."""

    sender = fields.String(required=True, validate=validate.Length(max=20))


class SenderId(Schema):
    id = fields.UUID()
    account_id = fields.UUID()
    sender = fields.String()
    state = fields.String(validate=validate.OneOf(("requested", "verified", "active", "rejected")))
    reason = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class SenderIdQuery(PageQuery):
    state = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("requested", "verified", "active", "rejected"))
    )


class SenderDecision(Reasoned):
    """`verify`: the account's administrator has to accept it then. `activate` does both.

    The reason of a `reject` is shown to the account.
    """

    decision = fields.String(required=True, validate=validate.OneOf(("verify", "activate", "reject")))


SenderIdPage = page_of(SenderId)

RPC: dict[str, Call] = {
    "list_sender_ids": Call(SenderIdQuery, SenderIdPage),
    "request_sender_id": Call(SenderIdCreate, SenderId),
    "accept_sender_id": Call(None, SenderId, path={"sender_id": UUID}),
    "list_all_sender_ids": Call(SenderIdQuery, SenderIdPage),
    "decide_sender_id": Call(SenderDecision, SenderId, path={"sender_id": UUID}),
}
