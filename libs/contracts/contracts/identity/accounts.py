"""Accounts and company data: as their holders see them, and as operators do."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.identity.plans import Plan
from contracts.identity.shapes import LANGUAGES, NAME_RULE, Reason, email_field, password_field, text_field
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of

# On trial an account sends only to addresses that it has proved, until an operator ends the trial.
ACCOUNT_STATES = ("trial", "active", "suspended", "closing", "closed")


class AccountCreate(Schema):
    """Register an account and its owner (A1)."""

    login = fields.String(required=True, validate=NAME_RULE)
    email = email_field()
    password = password_field()
    account_name = fields.String(required=True, validate=NAME_RULE)
    accept_terms = fields.Boolean(required=True, truthy={True}, falsy={False})
    language = fields.String(load_default="pl", validate=validate.OneOf(LANGUAGES))


class Terms(Schema):
    """Pages of the installation that whoever registers may read first; null: there is none."""

    terms_url = fields.String(allow_none=True)
    privacy_url = fields.String(allow_none=True)


class AccountRegistration(Schema):
    account_id = fields.UUID()
    user_id = fields.UUID()
    account_name = fields.String()
    login = fields.String()
    plan = fields.String()


class Company(Schema):
    """Company data (A6); the Polish VAT number (NIP) is checked, and once set changes only by an operator."""

    name = line_field(200)
    address = text_field(500)
    email = email_field(required=False)
    phone = line_field(32)
    site = line_field(200)
    vat_number = line_field(20)


class Account(Schema):
    account_id = fields.UUID()
    name = fields.String()
    state = fields.String(validate=validate.OneOf(ACCOUNT_STATES))
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


class AccountQuery(PageQuery):
    name = line_field(20, load_default=None, allow_none=True)
    plan = text_field(40, load_default=None, allow_none=True)


class PlanChange(Reason):
    plan = text_field(40, required=True, minimum=1)


class VatNumberChange(Reason):
    vat_number = line_field(20, required=True)


class Closure(Schema):
    """The owner's password: closing cannot be undone."""

    password = password_field()


AccountPage = page_of(Account)

RPC: dict[str, Call] = {
    "register_account": Call(AccountCreate, AccountRegistration),
    "get_account": Call(response=Account),
    "update_account": Call(AccountUpdate, Account, edits=Account),
    "request_closure": Call(Closure, Account),
    "withdraw_closure": Call(response=Account),
    "list_accounts": Call(AccountQuery, AccountPage),
    "get_operated_account": Call(response=Account, path={"account_id": UUID}),
    "set_plan": Call(PlanChange, Account, path={"account_id": UUID}),
    "set_vat_number": Call(VatNumberChange, Account, path={"account_id": UUID}),
    "end_trial": Call(Reason, Account, path={"account_id": UUID}),
    "suspend_account": Call(Reason, Account, path={"account_id": UUID}),
    "lift_suspension": Call(Reason, Account, path={"account_id": UUID}),
    "close_account": Call(Reason, path={"account_id": UUID}),
}
