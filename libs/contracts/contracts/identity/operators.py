"""What operators do."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.shapes import TOTP_CODE, password_field, plain_text, text_field
from contracts.schema import PageQuery, Schema


class OperatorSessionCreate(Schema):
    """An operator's log-in always needs a code; the one-time password is replaced at the first log-in."""

    login = text_field(254, required=True, minimum=1)
    password = password_field()
    totp = fields.String(required=True, validate=TOTP_CODE)
    new_password = fields.String(
        load_default=None, validate=[validate.Length(min=1, max=256), plain_text], load_only=True
    )


class AccountQuery(PageQuery):
    name = text_field(20, load_default=None, allow_none=True)
    plan = text_field(40, load_default=None, allow_none=True)


class OperatedAccount(Schema):
    account_id = fields.UUID(required=True)


class Reason(Schema):
    reason = text_field(500, required=True, minimum=3)


class PlanChange(Reason):
    plan = text_field(40, required=True, minimum=1)


class PlanChangeOfAccount(PlanChange, OperatedAccount):
    pass
