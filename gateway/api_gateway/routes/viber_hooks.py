"""Where Viber tells of a bot: what became of messages, who comes and goes, and what people write.

https://developers.viber.com/docs/api/rest-bot-api/#callbacks
"""

from __future__ import annotations

import hmac
import re
import time
from typing import Any

import orjson
from flask import Response
from prometheus_client import Counter

from api_gateway import body
from api_gateway.context import RequestContext
from api_gateway.provider_hooks import ProviderHooks, believing, refused
from api_gateway.routing import PUBLIC, Route
from contracts.lanes import VIBER_REPORTS

MOST_BYTES = 256 * 1024
_HOOKS = ProviderHooks(
    noun="viber_bot",
    is_name=re.compile(r"[0-9a-f]{24}").fullmatch,
    ask=lambda context, name: context.call("viber_gateway.get_hook", {"name": name}),
    directory=lambda wiring: wiring.viber_hooks,
    lane=VIBER_REPORTS,
    requests=Counter("wici_viber_reports_total", "Requests at the hooks of Viber bots, by outcome", ["outcome"]),
)


def take_viber_report(context: RequestContext) -> Response:
    """Answered once the message broker has it on disk; what it says is looked at later."""
    with _HOOKS.counted():
        _take(context)
    return Response("OK", 200, content_type="text/plain; charset=utf-8")


def _take(context: RequestContext) -> None:
    hook = _HOOKS.of(context)  # before a long body is read: only Viber knows its name
    body.require_short(context.request, MOST_BYTES)
    raw = body.read(context.request, MOST_BYTES)
    with believing(context):
        if not is_signed(hook["auth_token"], raw, context.request.headers.get("X-Viber-Content-Signature", "")):
            raise refused()
    document = _document(raw)
    # What is signed and no object tells of nothing. That the hook is set tells of nothing, either.
    if isinstance(document, dict) and document.get("event") != "webhook":
        report = {"v": 1, "sender_id": str(hook["sender_id"]), "document": document, "at": time.time()}
        _HOOKS.publish(context, report)


def _document(raw: bytes) -> Any:
    """What is signed and no JSON is None. Viber's numbers of messages have 64 bits, more than ours may (I-JSON)."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def is_signed(auth_token: str, raw: bytes, signature: str) -> bool:
    """Whether the header is the HMAC-SHA256 of the body under the bot's token, in hex."""
    expected = hmac.digest(auth_token.encode(), raw, "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


ROUTES = [
    Route(
        "POST", "/hooks/viber/<name>", handler=take_viber_report, permission=PUBLIC, bare=True,
        summary="Report of Viber",
        description="For Viber, which signs it (`X-Viber-Content-Signature`, the bot's token). Answered once the report"
        " is safe. Told twice, late or in another order it changes nothing.",
        produces=("text/plain",), tags=["Carriers"],
    ),
]  # fmt: skip
