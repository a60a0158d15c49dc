"""Plans."""

from __future__ import annotations

from api_gateway.routes.accounts import PLAN_EXAMPLE
from api_gateway.routing import PUBLIC, Route
from contracts.identity import plans

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/plans",
        rpc="identity.list_plans",
        permission=PUBLIC,
        summary="List plans",
        description=(
            "A limit of null is no limit. Quotas are for one period of `period_days`: `sms` in parts, as carriers bill "
            "them, `email` in messages; prices are without VAT."
        ),
        response=plans.PlanList,
        tags=["Accounts"],
        response_example={"items": [PLAN_EXAMPLE]},
    )
]
