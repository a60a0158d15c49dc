"""The countries that an account may send SMS to."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import Reasoned, Schema

_COUNTRY = fields.String(validate=validate.Regexp(r"^[A-Z]{2}\Z", error="Not a valid region: PL, DE, …"))
_MEANING = {"description": "ISO 3166's two letters; null: anywhere, an empty list: nowhere"}


class SmsCountriesChange(Reasoned):
    countries = fields.List(
        _COUNTRY, required=True, allow_none=True, validate=validate.Length(max=250), metadata=_MEANING
    )


class SmsCountries(Schema):
    account_id = fields.UUID()
    countries = fields.List(_COUNTRY, allow_none=True, metadata=_MEANING)


RPC: dict[str, Call] = {
    "get_sms_countries": Call(None, SmsCountries, path={"account_id": UUID}),
    "set_sms_countries": Call(SmsCountriesChange, SmsCountries, path={"account_id": UUID}),
}
