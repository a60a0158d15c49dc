"""Where Meta tells of WhatsApp: what became of messages, and what people write.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import hmac
import re
import time
from typing import Any

from flask import Response
from prometheus_client import Counter

from api_gateway import body
from api_gateway.context import RequestContext
from api_gateway.provider_hooks import ProviderHooks, believing, refused
from api_gateway.routing import PUBLIC, Route
from contracts.lanes import OTT_REPORTS

MOST_BYTES = 3 * 1024 * 1024  # "Payloads can be up to 3MB"
_is_challenge = re.compile(r"[A-Za-z0-9._-]{1,200}").fullmatch
_HOOKS = ProviderHooks(
    noun="whatsapp_sender",
    is_name=re.compile(r"[0-9a-f]{24}").fullmatch,
    ask=lambda context, name: context.call("ott_gateway.get_hook", {"name": name}),
    directory=lambda wiring: wiring.whatsapp_hooks,
    lane=OTT_REPORTS,
    requests=Counter(
        "wici_whatsapp_reports_total", "Requests at the hooks of WhatsApp numbers, by outcome", ["outcome"]
    ),
)


def take_whatsapp_report(context: RequestContext) -> Response:
    """Answered once the message broker has it on disk; what it says is looked at later."""
    with _HOOKS.counted():
        _take(context)
    return Response("OK", 200, content_type="text/plain; charset=utf-8")


def verify_whatsapp_hook(context: RequestContext) -> Response:
    """Meta asks once, when it is told of the hook: the answer is its own challenge."""
    asked = dict(body.parse_query(context.request.query_string))
    challenge, token = asked.get("hub.challenge", ""), asked.get("hub.verify_token", "")
    hook = _HOOKS.of(context)
    is_right = hmac.compare_digest(token.encode(), hook["verify_token"].encode())
    with believing(context):
        if asked.get("hub.mode") != "subscribe" or not is_right or not _is_challenge(challenge):
            raise refused()
    return Response(challenge, 200, content_type="text/plain; charset=utf-8")


def _take(context: RequestContext) -> None:
    hook = _HOOKS.of(context)  # before a long body is read: only Meta knows its name
    body.require_short(context.request, MOST_BYTES)
    raw = body.read(context.request, MOST_BYTES)
    with believing(context):
        if not is_signed(hook["app_secret"], raw, context.request.headers.get("X-Hub-Signature-256", "")):
            raise refused()
    document = body.parse(raw)
    # What is signed and no object tells of nothing; who is refused asks for days.
    if isinstance(document, dict):
        report = {"v": 1, "sender_id": str(hook["sender_id"]), "document": document, "at": time.time()}
        _HOOKS.publish(context, report)


def is_signed(app_secret: str, raw: bytes, signature: str) -> bool:
    """Whether the header is `sha256=` and the HMAC-SHA256 of the body under the app's secret."""
    expected = f"sha256={hmac.digest(app_secret.encode(), raw, 'sha256').hex()}"
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def _route(method: str, handler: Any, summary: str, description: str) -> Route:
    return Route(
        method, "/hooks/whatsapp/<name>", handler=handler, permission=PUBLIC, bare=True, summary=summary,
        description=description, produces=("text/plain",), tags=["Carriers"],
    )  # fmt: skip


ROUTES = [
    _route(
        "POST", take_whatsapp_report, "Report of WhatsApp",
        "For Meta, which signs it (`X-Hub-Signature-256`, the app's secret). Answered once the report is safe. Told"
        " twice, late or in another order it changes nothing.",
    ),
    _route(
        "GET", verify_whatsapp_hook, "Show Meta that the hook is a WhatsApp number's",
        "`hub.mode=subscribe`, `hub.verify_token` and `hub.challenge`, which is the answer.",
    ),
]  # fmt: skip
