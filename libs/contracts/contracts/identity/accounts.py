"""Accounts, plans, company data."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.identity.shapes import LANGUAGES, NAME_RULE, email_field, password_field, text_field
from contracts.schema import Schema, page_of


class AccountCreate(Schema):
    """Register an account and its owner (A1)."""

    login = fields.String(required=True, validate=NAME_RULE)
    email = email_field()
    password = password_field()
    account_name = fields.String(required=True, validate=NAME_RULE)
    accept_terms = fields.Boolean(required=True, truthy={True}, falsy={False})
    language = fields.String(load_default="pl", validate=validate.OneOf(LANGUAGES))


class AccountRegistration(Schema):
    account_id = fields.UUID()
    user_id = fields.UUID()
    account_name = fields.String()
    login = fields.String()
    plan = fields.String()


class Money(Schema):
    amount = fields.Integer()
    currency = fields.String()


class Plan(Schema):
    """A plan; a limit of null is no limit. Quotas are for one period of `period_days`."""

    code = fields.String()
    name = fields.String()
    sms = fields.Integer(allow_none=True)
    email = fields.Integer(allow_none=True)
    contacts = fields.Integer(allow_none=True)
    retention_days = fields.Integer()
    features = fields.List(fields.String())
    price = fields.Nested(Money)
    period_days = fields.Integer()
    ends_after_days = fields.Integer(allow_none=True)


class Company(Schema):
    """Company data (A6); the Polish VAT number (NIP) is checked, and once set changes only by an operator."""

    name = text_field(200)
    address = text_field(500)
    email = fields.Email(validate=validate.Length(max=254))
    phone = text_field(32)
    site = text_field(200)
    vat_number = text_field(20)


class Account(Schema):
    account_id = fields.UUID()
    name = fields.String()
    state = fields.String()
    time_zone = fields.String()
    default_region = fields.String()
    language = fields.String()
    company = fields.Nested(Company)
    plan = fields.Nested(Plan)
    plan_started_at = fields.AwareDateTime()
    plan_ends_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class AccountUpdate(Schema):
    time_zone = text_field(64, minimum=1)
    default_region = fields.String(validate=validate.Regexp(r"^[A-Z]{2}(?!\n)$", error="Not a valid region: PL, DE, …"))
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    company = fields.Nested(Company)


AccountPage = page_of(Account)
