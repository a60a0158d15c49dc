"""The second factor, links by mail, IP rules, roles and closing."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.operators import OperatedAccount, Reason
from contracts.identity.shapes import NAME_RULE, TOTP_CODE, email_field, password_field, text_field
from contracts.schema import Schema, page_of

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


class PasswordResetRequest(Schema):
    email = email_field()
    account_name = fields.String(required=True, validate=NAME_RULE)


class LinkToken(Schema):
    token = text_field(200, required=True, minimum=1)


class NewPassword(Schema):
    password = password_field()


class PasswordReset(NewPassword, LinkToken):
    pass


class EmailChange(Schema):
    """The user's own password, and the address that is to be confirmed by mail."""

    email = email_field()
    password = password_field()


class RoleCreate(Schema):
    name = text_field(100, required=True, minimum=1)
    permissions = fields.List(text_field(60), required=True, validate=validate.Length(max=100))


class RoleUpdate(Schema):
    name = text_field(100, minimum=1)
    permissions = fields.List(text_field(60), validate=validate.Length(max=100))


class Role(Schema):
    id = fields.UUID()
    name = fields.String()
    permissions = fields.List(fields.String())
    created_at = fields.AwareDateTime()


class RoleId(Schema):
    role_id = fields.UUID(required=True)


class RoleUpdateById(RoleUpdate, RoleId):
    pass


class Closure(Schema):
    """The owner's password: closing cannot be undone."""

    password = password_field()


class OperatorClosure(Reason, OperatedAccount):
    pass


class SecondFactorReset(Reason):
    user_id = fields.UUID(required=True)


class VatNumberChange(Reason):
    vat_number = text_field(20, required=True)


class VatNumberOfAccount(VatNumberChange, OperatedAccount):
    pass


RolePage = page_of(Role)
