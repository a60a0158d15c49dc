"""Devices: where applications are installed, and whose each is."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema

from contracts.push_gateway.contents import LANGUAGE
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, broken_rule, page_of, plain_text

TOKEN_MAX = 4_096
_KEY = validate.Regexp(r"^[A-Za-z0-9_-]{10,200}\Z", error="Not a valid key.")
_BASE64 = validate.Regexp(r"^[A-Za-z0-9_=-]{10,200}\Z", error="Not valid base64url.")


class Platform(StrEnum):
    """By whom a device is reached."""

    FCM = "fcm"
    APNS = "apns"
    WEB = "web"


class WebKeys(Schema):
    """`keys` of a browser's PushSubscription (RFC 8291)."""

    p256dh = fields.String(required=True, validate=_BASE64)
    auth = fields.String(required=True, validate=_BASE64)


class DeviceOwner(Schema):
    """Whose the device is: one of the three, and the proof by the application's own server.

    `proof` is HMAC-SHA256 in lower-case hex, under the application's `proof_key`, of the name and value that is given:
    `external_id:42`. The app key is public; without a proof anybody could have another person's messages.
    """

    external_id = fields.String(validate=[validate.Length(min=1, max=200), plain_text])
    email = fields.String(validate=[validate.Length(min=3, max=254), plain_text])
    phone = fields.String(validate=[validate.Length(min=3, max=40), plain_text])
    proof = fields.String(
        required=True, validate=validate.Regexp(r"^[0-9a-f]{64}\Z", error="Not a valid proof: 64 hexadecimal digits.")
    )

    @validates_schema(skip_on_field_errors=True)
    def _names_one(self, owner: dict[str, Any], **_: Any) -> None:
        if sum(name in owner for name in ("external_id", "email", "phone")) != 1:
            raise broken_rule("device.one_owner", "Give one of external_id, email and phone.")


class DeviceCreate(Schema):
    """Register a device, or tell anew of one that is known by its token."""

    app_key = fields.String(required=True, validate=_KEY)
    platform = fields.Enum(Platform, by_value=True, required=True)
    token = fields.String(
        required=True,
        validate=[
            validate.Length(min=8, max=TOKEN_MAX),
            plain_text,
            validate.Regexp(r"^[!-~]+\Z", error="Not a valid token: it has no spaces."),
        ],
        metadata={"description": "of FCM or APNs; of a browser the subscription's endpoint"},
    )
    keys = fields.Nested(WebKeys, load_default=None, allow_none=True)
    language = fields.String(load_default=None, allow_none=True, validate=LANGUAGE)
    time_zone = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"^[A-Za-z0-9_+/-]{1,64}\Z", error="Not a valid zone, such as Europe/Warsaw."),
    )
    contact = fields.Nested(DeviceOwner, load_default=None, allow_none=True)


class DeviceGone(Schema):
    """The application is removed, or nothing is wanted there any more."""

    app_key = fields.String(required=True, validate=_KEY)
    token = fields.String(required=True, validate=[validate.Length(min=8, max=TOKEN_MAX), plain_text])


class Registered(Schema):
    id = fields.UUID()
    contact_id = fields.UUID(allow_none=True)


class Device(Schema):
    id = fields.UUID()
    application_id = fields.UUID()
    platform = Word(Platform)
    language = fields.String(allow_none=True)
    time_zone = fields.String(allow_none=True)
    contact_id = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    seen_at = fields.AwareDateTime()


class DeviceQuery(PageQuery):
    contact_id = fields.UUID()


DevicePage = page_of(Device)

RPC: dict[str, Call] = {
    "register_device": Call(DeviceCreate, Registered),
    "forget_device": Call(DeviceGone),
    "list_devices": Call(DeviceQuery, DevicePage, path={"application_id": UUID}),
    "delete_device": Call(path={"device_id": UUID}),
}
