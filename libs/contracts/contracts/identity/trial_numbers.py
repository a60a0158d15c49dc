"""Trial numbers: phone numbers that an account has proved, which it may send to while it is on trial."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields

from contracts.identity.shapes import TOTP_CODE
from contracts.rpc import Call
from contracts.schema import PHONE, PageQuery, Schema, page_of


class TrialNumberCreate(Schema):
    phone = fields.String(required=True, validate=PHONE)


class TrialNumberCode(Schema):
    """The six digits that were sent to the number."""

    code = fields.String(required=True, validate=TOTP_CODE)


class TrialNumber(Schema):
    """`confirmed_at` is null until the code has come back."""

    id = fields.UUID()
    phone = fields.String()
    confirmed_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


TrialNumberPage = page_of(TrialNumber)

RPC: dict[str, Call] = {
    "list_trial_numbers": Call(PageQuery, TrialNumberPage),
    "add_trial_number": Call(TrialNumberCreate, TrialNumber),
    "confirm_trial_number": Call(TrialNumberCode, TrialNumber, path={"trial_number_id": UUID}),
    "delete_trial_number": Call(path={"trial_number_id": UUID}),
}
