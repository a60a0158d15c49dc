"""Devices of contacts, of which push-gateway tells."""

from __future__ import annotations

from marshmallow import fields

from contracts.rpc import Call
from contracts.schema import Schema


class DeviceSeen(Schema):
    """An application says that one of its devices is this person's; one of the three."""

    external_id = fields.String(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True)
    phone = fields.String(load_default=None, allow_none=True)


class DeviceNoted(Schema):
    address = fields.String(metadata={"description": "what pushes to the person are addressed to"})
    contact_id = fields.UUID()


RPC: dict[str, Call] = {"note_device": Call(DeviceSeen, DeviceNoted)}
