"""What operators do with accounts, and how they log in."""

from __future__ import annotations

from api_gateway.routes.accounts import ACCOUNT_EXAMPLE
from api_gateway.routes.sessions import TOKENS_EXAMPLE
from api_gateway.routing import ANYONE, PUBLIC, Route
from contracts.identity import accounts, ip_rules, sessions, shapes

ROUTES: list[Route] = [
    Route(
        "POST",
        "/v1/operator/sessions",
        rpc="identity.create_operator_session",
        permission=PUBLIC,
        summary="Log in as an operator",
        description=(
            "Password and code, always. The first log-in also takes `new_password`, in place of the one-time password; "
            "without it the answer is 401 `session.password_change_required`."
        ),
        request=sessions.OperatorSessionCreate,
        response=sessions.SessionTokens,
        status=201,
        tags=["Operators"],
        example={
            "login": "dyzurny1",
            "password": "one-time password",
            "totp": "123456",
            "new_password": "sześć grubych kotów",
        },
        response_example=TOKENS_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/operator/accounts",
        rpc="identity.list_accounts",
        permission=ANYONE,
        operator=True,
        summary="List accounts",
        description="`name` is the beginning of an account's name.",
        query=accounts.AccountQuery,
        response=accounts.AccountPage,
        tags=["Operators"],
        response_example={"items": [ACCOUNT_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "GET",
        "/v1/operator/accounts/<uuid:account_id>",
        rpc="identity.get_operated_account",
        permission=ANYONE,
        operator=True,
        summary="See an account",
        response=accounts.Account,
        tags=["Operators"],
        response_example=ACCOUNT_EXAMPLE,
    ),
    Route(
        "PUT",
        "/v1/operator/accounts/<uuid:account_id>/plan",
        rpc="identity.set_plan",
        permission=ANYONE,
        operator=True,
        summary="Move an account to another plan",
        description=(
            "Up, down or off (`none`). A new period with the new plan's quotas begins at once. A plan that costs "
            "something ends the account's trial."
        ),
        request=accounts.PlanChange,
        response=accounts.Account,
        tags=["Operators"],
        example={"plan": "business", "reason": "Contract 2026/114 signed"},
        response_example={**ACCOUNT_EXAMPLE, "plan_ends_at": None},
    ),
    Route(
        "PUT",
        "/v1/operator/accounts/<uuid:account_id>/vat-number",
        rpc="identity.set_vat_number",
        permission=ANYONE,
        operator=True,
        summary="Set an account's VAT number",
        request=accounts.VatNumberChange,
        response=accounts.Account,
        tags=["Operators"],
        example={"vat_number": "526-025-02-74", "reason": "The company has changed its form"},
        response_example=ACCOUNT_EXAMPLE,
    ),
    Route(
        "POST",
        "/v1/operator/accounts/<uuid:account_id>/trial-end",
        rpc="identity.end_trial",
        permission=ANYONE,
        operator=True,
        summary="End an account's trial",
        description=(
            "From now on it sends to anybody. A plan that costs something ends the trial with the same act. Again is "
            "harmless."
        ),
        request=shapes.Reason,
        response=accounts.Account,
        tags=["Operators"],
        example={"reason": "The company is known"},
        response_example=ACCOUNT_EXAMPLE,
    ),
    Route(
        "PUT",
        "/v1/operator/accounts/<uuid:account_id>/suspension",
        rpc="identity.suspend_account",
        permission=ANYONE,
        operator=True,
        summary="Suspend an account",
        description=(
            "At once: its sessions and keys are answered 403 `account.suspended`, its campaigns pause, its single "
            "messages wait, its links end with a page. Unsubscribing works on. Again is harmless."
        ),
        request=shapes.Reason,
        response=accounts.Account,
        tags=["Operators"],
        example={"reason": "Sends to bought lists"},
        response_example={**ACCOUNT_EXAMPLE, "state": "suspended"},
    ),
    Route(
        "DELETE",
        "/v1/operator/accounts/<uuid:account_id>/suspension",
        rpc="identity.lift_suspension",
        permission=ANYONE,
        operator=True,
        summary="Lift an account's suspension",
        description="Its campaigns stay paused until they are resumed; single messages that waited go on.",
        query=shapes.Reason,
        response=accounts.Account,
        tags=["Operators"],
        response_example=ACCOUNT_EXAMPLE,
    ),
    Route(
        "POST",
        "/v1/operator/accounts/<uuid:account_id>/closure",
        rpc="identity.close_account",
        permission=ANYONE,
        operator=True,
        summary="Close an account and have all of it erased",
        description="A paid plan must have ended first: move the account to `none`.",
        request=shapes.Reason,
        status=204,
        tags=["Operators"],
        example={"reason": "Asked for by the owner on 24 November"},
    ),
    Route(
        "POST",
        "/v1/operator/accounts/<uuid:account_id>/ip-rules-reset",
        rpc="identity.reset_ip_rules",
        permission=ANYONE,
        operator=True,
        summary="Take away the IP rules of an account that has locked itself out",
        request=shapes.Reason,
        response=ip_rules.IpRules,
        tags=["Operators"],
        example={"reason": "Identity checked by telephone"},
        response_example={"panel": [], "api": []},
    ),
    Route(
        "POST",
        "/v1/operator/users/<uuid:user_id>/second-factor-reset",
        rpc="identity.reset_second_factor",
        permission=ANYONE,
        operator=True,
        summary="Turn off the second factor of somebody who has lost it",
        request=shapes.Reason,
        status=204,
        tags=["Operators"],
        example={"reason": "Identity checked by telephone"},
    ),
]
