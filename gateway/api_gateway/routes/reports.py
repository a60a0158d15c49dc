"""Reports of campaigns."""

from base64 import b64decode

from flask import Response

from api_gateway import downloads
from api_gateway.context import RequestContext
from api_gateway.routes.contacts import BULK_BEGUN
from api_gateway.routes.groups import COMBINATION
from api_gateway.routing import Route
from contracts.campaigns import ab_tests
from contracts.contacts.bulk import Bulk
from contracts.contacts.groups import Combination
from contracts.reporting import messages, recipients, reports

_CAMPAIGN = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11"
_EMAIL_COUNTS = {
    "sent": 11940,
    "delivered": 11702,
    "hard_bounced": 183,
    "soft_bounced": 41,
    "spam_bounced": 14,
    "expired": 0,
    "rejected": 6,
    "unknown": 0,
    "deferred": 0,
    "opens": 6120,
    "unique_opens": 4381,
    "not_opened": 7321,
    "clicks": 912,
    "unique_clicks": 702,
    "machine_opens": 2093,
    "machine_clicks": 388,
    "unsubscribes": 23,
    "complaints": 2,
}
_EMAIL_RATES = {
    "delivery_rate": 0.9801,
    "click_rate": 0.06,
    "bounce_rate": 0.0199,
    "open_rate": 0.3744,
    "click_to_open_rate": 0.1602,
    "unsubscribe_rate": 0.002,
    "complaint_rate": 0.0002,
}
_VARIANTS = [
    {
        "name": name,
        "sent": 1190,
        "delivered": 1170,
        "opened": opened,
        "clicked": opened // 6,
        "unsubscribed": 2,
        "complained": 0,
        "rate": round(opened / 1170, 4),
    }
    for name, opened in (("Pytanie", 398), ("Rabat", 477))
]


_CSV, _PDF = "text/csv", "application/pdf"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PRINT_SECONDS = 30.0


def report_file(context: RequestContext) -> Response:
    """The messages as a table, passed on piece by piece, or the report on paper."""
    chosen = downloads.chosen(context, _CSV, _XLSX, _PDF)
    name = f"report-{context.payload['campaign_id']}"
    if chosen == _PDF:
        return report_paper(context, f"{name}.pdf")
    kind = "xlsx" if chosen == _XLSX else "csv"
    return downloads.stream(
        context,
        "reporting.export_report",
        {**context.payload, "format": kind},
        filename=f"{name}.{kind}",
        media_type=_XLSX if kind == "xlsx" else f"{_CSV}; charset=utf-8",
    )


def report_paper(context: RequestContext, filename: str) -> Response:
    """The report as PDF, in Polish or English by `Accept-Language`."""
    language = context.request.accept_languages.best_match(("pl", "en"), default="pl")
    payload = {"campaign_id": context.payload["campaign_id"], "language": language}
    printed = context.call("reporting.print_report", payload, deadline=_PRINT_SECONDS)
    answer = Response(b64decode(printed["content"]), content_type=_PDF)
    answer.headers["Content-Language"] = str(language)
    answer.vary.update(("Accept", "Accept-Language"))
    downloads.attach(answer, filename)
    return answer


ROUTES = [
    Route(
        "GET",
        "/v1/campaigns/<uuid:campaign_id>/report",
        rpc="reporting.get_report",
        permission="reports.read",
        summary="A campaign's report, live",
        description=(
            "Which counts there are depends on the channel. Rates are from 0 to 1, and null where there is nothing to"
            " divide by: OR is `open_rate` (unique opens / delivered), CTR `click_rate` (unique clicks / delivered),"
            " CTOR `click_to_open_rate` (unique clicks / unique opens). Figures are of people, who opened what they"
            " clicked; what scanners and mail programs do on their own is counted apart (`machine_opens`,"
            " `machine_clicks`)."
            " 404 until the campaign has started."
        ),
        response=reports.Report,
        tags=["Reports"],
        response_example={
            "campaign_id": _CAMPAIGN,
            "name": "Zima 2026",
            "channel": "email",
            "state": "sent",
            "started_at": "2026-11-24T08:00:00+00:00",
            "recipients": 11954,
            "left_out": {
                "archived": 6,
                "erased": 0,
                "withdrawn": 2,
                "deleted": 0,
                "changed": 0,
                "capped": 0,
                "reached": 0,
            },
            "left_lists": 12,
            "messages": 11946,
            "counts": _EMAIL_COUNTS,
            "rates": _EMAIL_RATES,
            "cost": {"amount": 0, "currency": "PLN"},
            "domains": [
                {
                    "domain": "example.com",
                    "counts": _EMAIL_COUNTS,
                    "rates": _EMAIL_RATES,
                    "cost": {"amount": 0, "currency": "PLN"},
                }
            ],
            "providers": [{"provider": "gmail", "counts": _EMAIL_COUNTS, "rates": _EMAIL_RATES}],
            "devices": [{"device": "mobile", "opens": 3800, "clicks": 510}],
            "programs": [{"program": "apple_mail", "opens": 2100, "clicks": 0}],
        },
    ),
    Route(
        "GET",
        "/v1/campaigns/<uuid:campaign_id>/report/variants",
        rpc="campaigns.get_variant_report",
        permission="reports.read",
        summary="The variants of an A/B test side by side, live",
        description=(
            "The variants' recipients in the test, as they stand now; `test.decision` has the figures that it was"
            " decided by. `z` and `p_value` are of a two-proportion test of the best variant and the next (with more"
            " than two, times the number of pairs). `outcome`: `clear`; `tie`, several have the highest rate;"
            " `inconclusive`, the difference may be chance; `too_small`, fewer than five expected who did it, or who"
            " did not. 404 `campaign.no_test` where it tests none, or has not started."
        ),
        response=ab_tests.VariantReport,
        deadline=35.0,
        tags=["Reports"],
        response_example={
            "campaign_id": _CAMPAIGN,
            "metric": "opens",
            "variants": _VARIANTS,
            "test": {
                "stage": "decided",
                "recipients_each": 1200,
                "tested_at": "2026-11-24T08:01:00+00:00",
                "winner": "Rabat",
                "chosen_by": "test",
                "decision": {
                    "outcome": "clear",
                    "best": "Rabat",
                    "z": 3.47,
                    "p_value": 0.0005,
                    "variants": _VARIANTS,
                    "decided_at": "2026-11-24T12:01:00+00:00",
                },
            },
        },
    ),
    Route(
        "GET",
        "/v1/reports/compare",
        rpc="reporting.compare_reports",
        permission="reports.read",
        summary="Compare campaigns",
        description="The totals of up to 20 campaigns, in the order of `ids`. 404 if one of them has not started.",
        query=reports.CompareQuery,
        response=reports.Comparison,
        tags=["Reports"],
        response_example={
            "items": [
                {
                    "campaign_id": _CAMPAIGN,
                    "name": "Zima 2026",
                    "channel": "email",
                    "state": "sent",
                    "started_at": "2026-11-24T08:00:00+00:00",
                    "recipients": 11954,
                    "messages": 11946,
                    "counts": _EMAIL_COUNTS,
                    "rates": _EMAIL_RATES,
                    "cost": {"amount": 0, "currency": "PLN"},
                    "cost_per_click": {"amount": 0, "currency": "PLN"},
                }
            ]
        },
    ),
    Route(
        "GET",
        "/v1/campaigns/<uuid:campaign_id>/report/links",
        rpc="reporting.get_report_links",
        permission="reports.read",
        summary="Clicks by link, most clicked first",
        description=(
            "A row for each place in the content, one for all recipients: `…` stands for what differs among them."
            " `number` is the place, `label` the words there, of an e-mail; two places that lead to one address are two"
            " rows."
        ),
        response=reports.ReportLinks,
        tags=["Reports"],
        response_example={
            "items": [
                {
                    "number": 0,
                    "label": "Zobacz wyprzedaż",
                    "url": "https://example.com/zima?kod=…",
                    "clicks": 640,
                    "unique_clicks": 512,
                    "machine_clicks": 210,
                }
            ],
            "next_cursor": None,
        },
    ),
    Route(
        "GET",
        "/v1/campaigns/<uuid:campaign_id>/report/timeline",
        rpc="reporting.get_report_timeline",
        permission="reports.read",
        summary="What happened, hour by hour",
        description="Hours (UTC) in which nothing happened are left out.",
        response=reports.ReportTimeline,
        tags=["Reports"],
        response_example={
            "items": [
                {
                    "hour": "2026-11-24T08:00:00+00:00",
                    "local_hour": "2026-11-24T09:00:00+01:00",
                    "sent": 11940,
                    "delivered": 11702,
                    "failed": 244,
                    "undelivered": 0,
                    "expired": 0,
                    "rejected": 0,
                    "hard_bounced": 161,
                    "soft_bounced": 80,
                    "spam_bounced": 3,
                    "opens": 2210,
                    "clicks": 301,
                    "unsubscribes": 9,
                    "complaints": 1,
                }
            ],
            "time_zone": "Europe/Warsaw",
            "next_cursor": None,
        },
    ),
    Route(
        "GET",
        "/v1/campaigns/<uuid:campaign_id>/report/recipients",
        rpc="reporting.list_report_recipients",
        permission="reports.read",
        summary="Who did, or did not",
        description=(
            "Those who did or did not open or click are among the delivered; `undelivered` has everything that failed,"
            " with the reason in `code` and `detail`, and `hard_bounced` and `soft_bounced` a part of it."
            " `unsubscribed` and `complained` are whoever did, whatever the message's state."
        ),
        query=recipients.RecipientsQuery,
        response=messages.MessagePage,
        tags=["Reports"],
        response_example={
            "items": [
                {
                    "id": "0193587a-3e1c-8c4e-9d3a-4f0d00000007",
                    "channel": "email",
                    "campaign_id": _CAMPAIGN,
                    "contact_id": "0193587a-0000-7c4e-9d3a-4f0d2f7a1b22",
                    "address": "ala@example.com",
                    "sender": "sklep@example.org",
                    "domain": "example.com",
                    "state": "hard_bounced",
                    "state_at": "2026-11-24T08:00:07+00:00",
                    "code": "5.1.1",
                    "detail": "550 5.1.1 no such user",
                    "created_at": "2026-11-24T08:00:00+00:00",
                    "submitted_at": None,
                    "delivered_at": None,
                    "parts": None,
                    "cost": None,
                    "opens": 0,
                    "opened_at": None,
                    "clicks": 0,
                    "clicked_at": None,
                    "unsubscribed_at": None,
                    "complained_at": None,
                }
            ],
            "next_cursor": None,
        },
    ),
    Route(
        "POST",
        "/v1/campaigns/<uuid:campaign_id>/report/groups",
        rpc="reporting.create_report_group",
        permission="reports.read",
        service_checked="contacts.write",
        summary="Make a group of those who did, or did not",
        description="As `POST /v1/groups/combine` makes groups: the group is there, whole, when that is `done`."
        " Who asks `Location` how it goes needs `contacts.read`.",
        request=recipients.ReportGroupCreate,
        response=Combination,
        status=202,
        location="/v1/groups/combine/{id}",
        retry_after=1,
        tags=["Reports"],
        deadline=30.0,
        example={"who": "not_opened", "name": "Zima 2026: did not open"},
        response_example={**COMBINATION, "operation": "report"},
    ),
    Route(
        "POST",
        "/v1/campaigns/<uuid:campaign_id>/report/archive",
        rpc="reporting.archive_report_recipients",
        permission="reports.read",
        service_checked="contacts.archive",
        summary="Archive the addresses that do not exist",
        description="Hard bounces are archived by themselves when they happen; this is for those restored since. It"
        " goes on as `POST /v1/contacts/bulk` does: `counts.changed` says how many were archived."
        " Who asks `Location` how it goes needs `contacts.read`.",
        request=recipients.ReportArchive,
        response=Bulk,
        status=202,
        location="/v1/contacts/bulk/{id}",
        retry_after=1,
        tags=["Reports"],
        deadline=30.0,
        example={"who": "hard_bounced"},
        response_example=BULK_BEGUN,
    ),
    Route(
        "GET",
        "/v1/campaigns/<uuid:campaign_id>/report/file",
        ceiling="downloads",
        handler=report_file,
        permission="reports.export",
        summary="Download a report as CSV, XLSX or PDF",
        description=(
            "By `Accept`. `text/csv` (also where nothing is said) and XLSX have one row a message, with its state and"
            " the reason of it; CSV is UTF-8 with a byte order mark, a spreadsheet has 1,048,576 rows at most."
            " `who=undelivered` is the list of those that failed. `application/pdf` is the report on paper: figures,"
            " charts by hour, links, domains, devices, in Polish or English by `Accept-Language`, hours in the"
            " account's time zone; `who` has no effect there."
        ),
        query=recipients.ReportFile,
        tags=["Reports"],
        produces=(_CSV, _XLSX, _PDF),
        response_example="id,address,state\r\n0193587a-3e1c-8c4e-9d3a-4f0d00000007,ala@example.com,delivered\r\n",
    ),
]
