"""Where carriers that are reached by HTTP tell of their messages: receipts, and messages from phones."""

from __future__ import annotations

import re
import time
from typing import Any

from flask import Response
from prometheus_client import Counter

from api_gateway import body
from api_gateway.carrier_hooks import Told, ensure_is_of
from api_gateway.context import RequestContext
from api_gateway.provider_hooks import ProviderHooks, believing
from api_gateway.routing import PUBLIC, Route
from contracts.lanes import CARRIER_REPORTS

# Its own words where a carrier asks for some: Twilio sends what it is answered to the phone.
_REPLIES = {"twilio": ("text/xml", "<Response/>")}
_HOOKS = ProviderHooks(
    noun="carrier",
    is_name=re.compile(r"[a-z0-9][a-z0-9_-]{0,39}").fullmatch,
    ask=lambda context, name: context.call("sms_gateway.get_carrier_hook", {"name": name}),
    directory=lambda wiring: wiring.carriers,
    lane=CARRIER_REPORTS,
    requests=Counter("wici_carrier_reports_total", "Requests of carriers at their hooks, by outcome", ["outcome"]),
)


def take_carrier_report(context: RequestContext) -> Response:
    """Answered once the message broker has it on disk; what it says is looked at later."""
    with _HOOKS.counted():
        hook = _believed(context)
    media_type, reply = _REPLIES.get(hook["kind"], ("text/plain", "OK"))
    return Response(reply, 200, content_type=f"{media_type}; charset=utf-8")


def take_carrier_report_by_query(context: RequestContext) -> Response:
    """The same of carriers that ask by GET."""
    return take_carrier_report(context)


def _believed(context: RequestContext) -> dict[str, Any]:
    told, hook = _told(context), _HOOKS.of(context)
    with believing(context):
        ensure_is_of(hook, told)
    report = {
        "v": 1,
        "carrier_id": str(hook["id"]),
        "kind": hook["kind"],
        "http": hook["http"],
        "document": told.document(),
        "at": time.time(),
    }
    _HOOKS.publish(context, report)
    return hook


def _told(context: RequestContext) -> Told:
    request = context.request
    body.require_short(request)
    query = request.query_string.decode("ascii", "replace")
    url = f"{context.wiring.config.public_url.rstrip('/')}{request.path}"
    return Told(
        url=f"{url}?{query}" if query else url,
        query=body.parse_query(request.query_string),
        media_type=request.mimetype,
        raw=body.read(request, body.STRANGERS_BODY),
        address=context.address,
        signature=request.headers.get("X-Twilio-Signature", ""),
    )


def _route(method: str, handler: Any, summary: str) -> Route:
    return Route(
        method,
        "/hooks/carriers/<name>",
        handler=handler,
        permission=PUBLIC,
        bare=True,
        summary=summary,
        description="For carriers that are reached by HTTP: receipts and messages from phones, as a form, in the query"
        " or as JSON, in the carrier's own words. It is known by Twilio's signature, by the secret in its address"
        " (`?secret=…`) or by where it comes from, as an operator has set. Answered once the report is safe; what"
        " nobody understands is kept for operators to look at.",
        produces=("text/plain", "text/xml"),
        tags=["Carriers"],
    )


ROUTES = [
    _route("POST", take_carrier_report, "Report of a carrier"),
    _route("GET", take_carrier_report_by_query, "Report of a carrier, by its query"),
]
