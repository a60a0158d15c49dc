"""Where Google tells of an agent's messages, and what people answer."""

from __future__ import annotations

import re
import time

from flask import Response
from prometheus_client import Counter

from api_gateway import body, rcs_hooks
from api_gateway.context import RequestContext
from api_gateway.provider_hooks import ProviderHooks, believing
from api_gateway.routing import PUBLIC, Route
from contracts.lanes import RCS_REPORTS

_HOOKS = ProviderHooks(
    noun="agent",
    is_name=re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch,
    ask=lambda context, name: context.call("rcs_gateway.get_agent_hook", {"name": name}),
    directory=lambda wiring: wiring.rcs_agents,
    lane=RCS_REPORTS,
    requests=Counter("wici_rcs_hooks_total", "Requests at agents' webhooks, by outcome", ["outcome"]),
)


def take_rcs_report(context: RequestContext) -> Response:
    """Answered once the message broker has it on disk; what it says is looked at later."""
    with _HOOKS.counted():
        said = _believed(context)
    return Response(said, 200, content_type="text/plain; charset=utf-8")


def _believed(context: RequestContext) -> str:
    body.require_short(context.request)
    raw = body.read(context.request, body.STRANGERS_BODY)
    hook = _HOOKS.of(context)
    with believing(context):
        told = body.parse(raw)
        if (secret := rcs_hooks.handshake(told, hook["client_token"])) is not None:
            return secret
        signature = context.request.headers.get("X-Goog-Signature", "")
        event = rcs_hooks.event_of(told, signature, hook["client_token"])
    report = {
        "v": 1,
        "agent_id": str(hook["id"]),
        "account_id": str(hook["account_id"]),
        "event": event,
        "at": time.time(),
    }
    _HOOKS.publish(context, report)
    return "OK"


ROUTES = [
    Route(
        "POST",
        "/hooks/rcs/<name>",
        handler=take_rcs_report,
        permission=PUBLIC,
        bare=True,
        summary="Event of an RCS agent",
        description="For Google: deliveries, readings, answers and taps, as its webhook for RCS for Business sends"
        " them. Known by `X-Goog-Signature`, the HMAC-SHA512 of the event under the agent's client token; the first"
        " request, with `clientToken` and `secret`, is answered with the secret. Answered once the event is safe.",
        produces=("text/plain",),
        tags=["Carriers"],
    ),
]
