"""The second factor: a user's own, and the account's rules for it."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.identity.shapes import TOTP_CODE, Reason, text_field
from contracts.rpc import Call
from contracts.schema import Schema

TRUST_DAYS = (0, 1, 7, 30)


class TotpEnrolment(Schema):
    """The seed, as text, as an `otpauth://` address and as a QR code (SVG); in force once a code has confirmed it."""

    secret = fields.String()
    uri = fields.String()
    qr_svg = fields.String()


class TotpCode(Schema):
    code = fields.String(required=True, validate=TOTP_CODE)


class RecoveryCodes(Schema):
    """Each opens one log-in in place of a code; shown this once."""

    recovery_codes = fields.List(fields.String())


class SecondFactorCode(Schema):
    """A code of six digits, or a recovery code."""

    code = text_field(40, required=True, minimum=6)


class SecuritySettings(Schema):
    """Whether everybody needs a second factor, and for how many days a device may be trusted."""

    second_factor_required = fields.Boolean(required=True)
    trusted_device_days = fields.Integer(required=True, validate=validate.OneOf(TRUST_DAYS))


RPC: dict[str, Call] = {
    "begin_totp": Call(response=TotpEnrolment),
    "confirm_totp": Call(TotpCode, RecoveryCodes),
    "renew_recovery_codes": Call(SecondFactorCode, RecoveryCodes),
    "disable_totp": Call(SecondFactorCode),
    "reset_second_factor": Call(Reason, path={"user_id": UUID}),
    "get_security": Call(response=SecuritySettings),
    "set_security": Call(SecuritySettings, SecuritySettings, edits=SecuritySettings),
}
