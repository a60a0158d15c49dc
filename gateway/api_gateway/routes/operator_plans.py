"""Plans as operators make and change them."""

from __future__ import annotations

from api_gateway.routes.accounts import PLAN_EXAMPLE
from api_gateway.routing import ANYONE, Route
from contracts.identity import plans

_TERMS = {
    "code": "business-plus",
    "name": "Business Plus",
    "sms": 80000,
    "email": None,
    "contacts": 200000,
    "retention_days": 180,
    "features": ["attachments"],
    "price": {"amount": 79900, "currency": "PLN"},
    "period_days": 30,
    "ends_after_days": None,
    "position": 35,
    "listed": False,
}
_OPERATED_EXAMPLE = {**PLAN_EXAMPLE, **_TERMS, "accounts": 3}

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/operator/plans",
        rpc="identity.list_all_plans",
        permission=ANYONE,
        operator=True,
        summary="List all plans, and how many accounts are on each",
        response=plans.OperatedPlanList,
        tags=["Operators"],
        response_example={"items": [_OPERATED_EXAMPLE]},
    ),
    Route(
        "POST",
        "/v1/operator/plans",
        rpc="identity.create_plan",
        permission=ANYONE,
        operator=True,
        summary="Make a plan",
        description=(
            "A limit of null is no limit; quotas and price are for one period of `period_days`, the price before VAT."
            " `ends_after_days`: the plan ends by itself. `listed`: whether `GET /v1/plans` shows it."
        ),
        request=plans.PlanCreate,
        response=plans.OperatedPlan,
        status=201,
        tags=["Operators"],
        example={**_TERMS, "reason": "Offer 2026/14"},
        response_example={**_OPERATED_EXAMPLE, "accounts": 0},
    ),
    Route(
        "PATCH",
        "/v1/operator/plans/<code>",
        rpc="identity.update_plan",
        permission=ANYONE,
        operator=True,
        summary="Change a plan",
        description=(
            "A period that runs keeps its quotas: other ones hold from each account's next period on; everything else"
            " holds at once. While accounts are on the plan its price and `period_days` stay (409 `plan.in_use`): make"
            " another plan, take this one off the list and move the accounts."
        ),
        request=plans.PlanUpdate,
        response=plans.OperatedPlan,
        tags=["Operators"],
        example={"sms": 90000, "reason": "Spring campaign"},
        response_example={**_OPERATED_EXAMPLE, "sms": 90000},
    ),
]
