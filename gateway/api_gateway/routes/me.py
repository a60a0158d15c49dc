"""The user who asks."""

from __future__ import annotations

from api_gateway.routes.accounts import PLAN_EXAMPLE
from api_gateway.routing import ANYONE, Route
from contracts.identity import me

ME_EXAMPLE = {
    "id": "019abf20-5c00-7000-8000-000000000002",
    "account_id": "019abf20-5c00-7000-8000-000000000001",
    "account_name": "kwiaciarnia",
    "login": "rozalia",
    "email": "rozalia@kwiaciarnia.example",
    "email_confirmed": True,
    "name": "Rozalia Kwiatkowska",
    "language": "pl",
    "is_owner": True,
    "permissions": ["account", "contacts", "email", "reports", "sms", "users"],
    "allowed": ["account.read", "contacts.read", "sms.send"],
    "second_factor": False,
    "second_factor_required": False,
    "second_factor_due": False,
    "account_state": "active",
    "time_zone": "Europe/Warsaw",
    "default_region": "PL",
    "plan": PLAN_EXAMPLE,
    "plan_ends_at": "2026-12-24T08:00:00+00:00",
    "quota": [
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
    "created_at": "2026-11-24T08:00:00+00:00",
}

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/me",
        rpc="identity.get_me",
        permission=ANYONE,
        summary="See one's own user",
        description=(
            "What a panel shows at once: rights, duties, the account's time zone and region, plan and quota (`sms` in "
            "parts, `email` in messages). While `second_factor_due`, everything but setting it up is answered 403 "
            "`second_factor.required`."
        ),
        response=me.Me,
        tags=["Me"],
        response_example=ME_EXAMPLE,
    ),
    Route(
        "PATCH",
        "/v1/me",
        rpc="identity.update_me",
        permission=ANYONE,
        summary="Change one's own name or language",
        request=me.MeUpdate,
        response=me.Me,
        session_only=True,
        tags=["Me"],
        example={"name": "Rozalia Kwiatkowska"},
        response_example=ME_EXAMPLE,
    ),
    Route(
        "PUT",
        "/v1/me/password",
        rpc="identity.change_password",
        permission=ANYONE,
        summary="Change one's own password",
        description=(
            "Every other session of the user ends; with `revoke_api_keys` the user's API keys are revoked too. A key "
            "that somebody else made while they knew the old password would otherwise stay."
        ),
        request=me.PasswordChange,
        status=204,
        session_only=True,
        tags=["Me"],
        example={"old_password": "trzy zielone parasole", "new_password": "cztery fioletowe kalosze"},
    ),
]
