"""Reports that come by mail."""

from __future__ import annotations

from api_gateway.routing import Route
from contracts.reporting import schedules
from contracts.schema import PageQuery

_SCHEDULE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1f07",
    "kind": "weekly",
    "user_ids": ["0193587a-3e1c-7c4e-9d3a-4f0d2f7a1f08"],
    "next_at": "2026-11-30T07:00:00+00:00",
    "last_at": None,
    "created_at": "2026-11-24T08:00:00+00:00",
}

ROUTES = [
    Route(
        "GET",
        "/v1/report-schedules",
        rpc="reporting.list_report_schedules",
        permission="reports.read",
        summary="Reports that come by mail",
        query=PageQuery,
        response=schedules.ReportSchedulePage,
        tags=["Reports"],
        response_example={"items": [_SCHEDULE], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/report-schedules",
        rpc="reporting.create_report_schedule",
        permission="reports.read",
        summary="Have a report come by mail",
        description=(
            "`weekly` comes on Mondays and `monthly` on the first, at 8 in the account's time zone, with the figures of"
            " the week or month before; `campaign` a day after each campaign is `sent`. It goes to users of the account"
            " with a confirmed address who may read reports, in their language. An account has 10 of these at most."
        ),
        request=schedules.ReportScheduleCreate,
        response=schedules.ReportSchedule,
        status=201,
        location="/v1/report-schedules",
        tags=["Reports"],
        example={"kind": "weekly"},
        response_example=_SCHEDULE,
    ),
    Route(
        "DELETE",
        "/v1/report-schedules/<uuid:schedule_id>",
        rpc="reporting.delete_report_schedule",
        permission="reports.read",
        summary="End a report by mail",
        status=204,
        tags=["Reports"],
    ),
]
