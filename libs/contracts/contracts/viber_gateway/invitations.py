"""Invitations: who opens one in Viber and subscribes is that contact, and nobody else."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import Schema

MOST_DAYS = 90


class ViberInvitationCreate(Schema):
    contact_id = fields.UUID(required=True)
    days = fields.Integer(
        strict=True, load_default=30, validate=validate.Range(1, MOST_DAYS),
        metadata={"description": "for how long it is of use"},
    )  # fmt: skip


class ViberInvitation(Schema):
    """A link of one person's own: whoever opens it is taken for them, so that it is to reach nobody else."""

    link = fields.String()
    expires_at = fields.AwareDateTime()


RPC: dict[str, Call] = {
    "create_invitation": Call(ViberInvitationCreate, ViberInvitation, path={"viber_bot_id": UUID}),
}
