"""Campaigns of steps: one report over their channels, and their people one by one."""

from __future__ import annotations

from typing import Any

from flask import Response

from api_gateway.clients import RemoteFailure
from api_gateway.context import RequestContext
from api_gateway.routing import ANYONE, Route
from contracts.campaigns import steps
from contracts.errors import WiciError
from contracts.permissions import is_granted
from contracts.schema import page_of

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11"
_STEP_IDS = ("9b2ad2b3-9f1c-5d47-8f0e-0d0f6e1f7a01", "b8c6a1de-56a3-5b0e-9f55-2f6b1d2c3a02")
_MESSAGE = "0193587a-3e1c-8c4e-9d3a-4f0d00000011"
_ONE = "/v1/campaigns/<uuid:campaign_id>"
# A report that waits for what its messages cost longer than this is shown without.
_COST_SECONDS = 2.0
_NOBODY = {"archived": 0, "erased": 0, "withdrawn": 0, "deleted": 0, "changed": 0, "capped": 0, "reached": 0}


def _progress(recipients: int, submitted: int, failed: int, changed: int) -> dict[str, Any]:
    return {
        "recipients": recipients,
        "published": recipients - changed,
        "submitted": submitted,
        "failed": failed,
        "deferred": 0,
        "left_out": {**_NOBODY, "changed": changed},
        "left_lists": 0,
        "to_come": 0,
    }


_NO_STEP = dict.fromkeys(
    ("waiting", "due", "under_way", "reached", "failed", "impossible", "timed_out", "unknown", "saved", "skipped"), 0
)
_REPORT = {
    "campaign_id": _ID,
    "state": "sent",
    "recipients": 1000,
    "by_state": {"running": 0, "reached": 970, "not_reached": 20, "unknown": 10, "cancelled": 0},
    "to_come": 0,
    "reached_by": {"rcs": 600, "sms": 370},
    "steps": [
        {
            **_NO_STEP,
            "place": 1,
            "channel": "rcs",
            "campaign_id": _STEP_IDS[0],
            "state": "sent",
            "reached": 600,
            "failed": 20,
            "impossible": 350,
            "timed_out": 30,
            "sent": 650,
            "read": 0,
            "units": 650,
            "cost": {"amount": 3250, "currency": "PLN"},
            "progress": _progress(1000, 650, 0, 350),
        },
        {
            **_NO_STEP,
            "place": 2,
            "channel": "sms",
            "campaign_id": _STEP_IDS[1],
            "state": "sent",
            "reached": 370,
            "failed": 20,
            "unknown": 10,
            "saved": 600,
            "sent": 400,
            "read": 0,
            "units": 400,
            "cost": {"amount": 2800, "currency": "PLN"},
            "progress": _progress(400, 400, 0, 0),
        },
    ],
    "cost": {"amount": 6050, "currency": "PLN"},
}


def get_campaign_steps(context: RequestContext) -> Response:
    """The report with what each step cost; without reporting the rest is still worth an answer."""
    report = context.call("campaigns.get_campaign_steps")
    if not is_granted("reports.read", context.actor["permissions"]):
        return context.answer(report)
    costs = [_cost(context, step) for step in report["steps"]]
    priced = [{**step, "cost": cost} for step, cost in zip(report["steps"], costs, strict=True)]
    return context.answer({**report, "steps": priced, "cost": _sum_of(report["steps"], costs)})


def _cost(context: RequestContext, step: dict[str, Any]) -> dict[str, Any] | None:
    """What the step's messages cost, as its report says; None before there are any."""
    if not step["sent"]:
        return None
    try:
        asked = {"ids": step["campaign_id"]}
        told = context.call("reporting.compare_reports", asked, deadline=_COST_SECONDS)
    except (WiciError, RemoteFailure):
        return None
    cost: dict[str, Any] = told["items"][0]["cost"]
    return cost


def _sum_of(told: list[dict[str, Any]], costs: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    known = [cost for cost in costs if cost is not None]
    if not known or any(step["sent"] and cost is None for step, cost in zip(told, costs, strict=True)):
        return None
    return {"amount": sum(cost["amount"] for cost in known), "currency": known[0]["currency"]}


ROUTES = [
    Route(
        "GET",
        f"{_ONE}/steps",
        handler=get_campaign_steps,
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="What each step of a campaign over several channels has done",
        description=(
            "One report, in people: of each step all of the audience add up, from those whose turn has not come"
            " (`waiting`) to those who did not need it (`saved`). `reached_by` names the channel on which people had it"
            " first. Each step is a campaign by its own `campaign_id`: under it stand its messages in"
            " `GET /v1/messages`, and its channel's own figures in `GET /v1/campaigns/{id}/report`;"
            " `GET /v1/messages?campaign_id=` of the whole has those of all steps. `cost` takes `reports.read`. 404"
            " `campaign.no_steps` of a campaign without."
        ),
        response=steps.CampaignSteps,
        tags=["Campaigns"],
        response_example=_REPORT,
    ),
    Route(
        "GET",
        f"{_ONE}/people",
        rpc="campaigns.list_campaign_people",
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="People of a campaign over several channels, and the steps to each",
        description="In the order of the audience, from whom a step has been tried on, for 90 days after the end; by"
        " their number alone: who they are stands in the message log, by `message_id`.",
        query=steps.PeopleQuery,
        response=page_of(steps.CampaignPerson),
        tags=["Campaigns"],
        response_example={
            "items": [
                {
                    "number": 17,
                    "state": "reached",
                    "reached_by": "sms",
                    "steps": [
                        {
                            "place": 1,
                            "channel": "rcs",
                            "state": "impossible",
                            "code": "rcs.not_reachable",
                            "message_id": _MESSAGE,
                            "sent_at": None,
                            "delivered_at": None,
                            "read_at": None,
                            "ended_at": "2026-12-24T17:00:02+00:00",
                        },
                        {
                            "place": 2,
                            "channel": "sms",
                            "state": "reached",
                            "code": None,
                            "message_id": _MESSAGE,
                            "sent_at": "2026-12-24T17:00:03+00:00",
                            "delivered_at": "2026-12-24T17:00:05+00:00",
                            "read_at": None,
                            "ended_at": "2026-12-24T17:00:05+00:00",
                        },
                    ],
                }
            ],
            "next_cursor": None,
        },
    ),
]
