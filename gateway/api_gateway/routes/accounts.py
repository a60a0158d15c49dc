"""Accounts as their holders see them: registration, the account itself, its usage."""

from __future__ import annotations

from flask import Response

from api_gateway.context import RequestContext
from api_gateway.routing import PUBLIC, Route
from contracts.errors import Unavailable
from contracts.identity import accounts, quotas

COUNT_SECONDS = 2.0

PLAN_EXAMPLE = {
    "code": "free",
    "name": "Free",
    "sms": 100,
    "email": 100,
    "contacts": 100,
    "retention_days": 90,
    "features": [],
    "price": {"amount": 0, "currency": "PLN"},
    "period_days": 30,
    "ends_after_days": 30,
}

ACCOUNT_EXAMPLE = {
    "account_id": "019abf20-5c00-7000-8000-000000000001",
    "name": "kwiaciarnia",
    "state": "active",
    "time_zone": "Europe/Warsaw",
    "default_region": "PL",
    "language": "pl",
    "company": {"name": "Kwiaciarnia Róża", "vat_number": "5260250274"},
    "plan": PLAN_EXAMPLE,
    "plan_started_at": "2026-11-24T08:00:00+00:00",
    "plan_ends_at": "2026-12-24T08:00:00+00:00",
    "created_at": "2026-11-24T08:00:00+00:00",
}


def usage(context: RequestContext) -> Response:
    """What identity knows of quotas, and contacts of contacts; without contacts the rest is still worth an answer."""
    usage = context.call("identity.get_usage")
    try:
        used = context.call("contacts.count_contacts", {}, deadline=COUNT_SECONDS)["count"]
    except Unavailable:
        used = None
    return context.answer({**usage, "contacts": {"limit": usage["plan"]["contacts"], "used": used}})


def get_terms(context: RequestContext) -> Response:
    """Where the operators have put what is agreed to; nobody need be asked."""
    config = context.wiring.config
    return context.answer({"terms_url": config.terms_url or None, "privacy_url": config.privacy_url or None})


ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/terms",
        handler=get_terms,
        permission=PUBLIC,
        summary="See where the terms of use are",
        description="What whoever registers accepts (`accept_terms`), and what becomes of personal data; null where"
        " the installation names no page.",
        response=accounts.Terms,
        tags=["Accounts"],
        response_example={"terms_url": "https://wici.example/terms", "privacy_url": "https://wici.example/privacy"},
    ),
    Route(
        "POST",
        "/v1/accounts",
        hourly="registration_rate",
        rpc="identity.register_account",
        permission=PUBLIC,
        summary="Register an account",
        description=(
            "The first user is the account's owner. Login and account name are 5 to 20 lower-case letters and digits; "
            "the password has at least 12 characters and is not a common one. The account starts on the free plan and, "
            "unless the installation has it otherwise, on trial: it sends only to addresses that it has proved (e-mail "
            "addresses that its users have confirmed, and confirmed trial numbers) until an operator ends the trial."
        ),
        request=accounts.AccountCreate,
        response=accounts.AccountRegistration,
        status=201,
        tags=["Accounts"],
        example={
            "login": "rozalia",
            "email": "rozalia@kwiaciarnia.example",
            "password": "trzy zielone parasole",
            "account_name": "kwiaciarnia",
            "accept_terms": True,
        },
        response_example={
            "account_id": "019abf20-5c00-7000-8000-000000000001",
            "user_id": "019abf20-5c00-7000-8000-000000000002",
            "account_name": "kwiaciarnia",
            "login": "rozalia",
            "plan": "free",
        },
    ),
    Route(
        "GET",
        "/v1/account",
        rpc="identity.get_account",
        permission="account.read",
        summary="See the account",
        description="`state` is `trial` while the account sends only to addresses that it has proved.",
        response=accounts.Account,
        tags=["Accounts"],
        response_example=ACCOUNT_EXAMPLE,
    ),
    Route(
        "PATCH",
        "/v1/account",
        rpc="identity.update_account",
        permission="account.write",
        summary="Change settings and company data",
        description="A Polish VAT number (NIP) is checked by its checksum; once set, only an operator changes it.",
        request=accounts.AccountUpdate,
        response=accounts.Account,
        tags=["Accounts"],
        example={"time_zone": "Europe/Warsaw", "company": {"name": "Kwiaciarnia Róża", "vat_number": "526-025-02-74"}},
        response_example=ACCOUNT_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/account/usage",
        handler=usage,
        permission="account.read",
        summary="See what the plan allows and what is used",
        description=(
            "A unit of `sms` is a part, as carriers bill them; of `email` it is a message. `reserved` units belong to "
            "messages on their way; what is not sent returns."
        ),
        response=quotas.AccountUsage,
        tags=["Accounts"],
        response_example={
            "plan": PLAN_EXAMPLE,
            "plan_ends_at": "2026-12-24T08:00:00+00:00",
            "features": [
                {
                    "feature": "sms",
                    "limit": 100,
                    "used": 12,
                    "reserved": 3,
                    "remaining": 85,
                    "period_starts_at": "2026-11-24T08:00:00+00:00",
                    "period_ends_at": "2026-12-24T08:00:00+00:00",
                }
            ],
            "contacts": {"limit": 100, "used": 42},
        },
    ),
    Route(
        "GET",
        "/v1/account/usage/history",
        rpc="identity.list_past_usage",
        permission="account.read",
        summary="See what was used in past periods",
        description="Newest first, one item for each channel and period in which it was used: `sms` in parts.",
        query=quotas.PastUsageQuery,
        response=quotas.PastUsagePage,
        tags=["Accounts"],
        response_example={
            "items": [
                {
                    "id": "019abf20-5c00-7000-8000-00000000c001",
                    "feature": "sms",
                    "plan": "free",
                    "limit": 100,
                    "used": 88,
                    "reserved": 0,
                    "period_starts_at": "2026-10-25T08:00:00+00:00",
                    "period_ends_at": "2026-11-24T08:00:00+00:00",
                }
            ],
            "next_cursor": None,
        },
    ),
]
