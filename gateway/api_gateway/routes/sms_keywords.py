"""Keywords: what is done when a phone writes a word to an account's number; and what is answered to a STOP."""

from typing import Any

from api_gateway.routing import Route
from contracts.schema import PageQuery
from contracts.sms_gateway import keywords as contract

_EXAMPLE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40",
    "keyword": "KLUB",
    "match": "beginning",
    "number": "48500700800",
    "answer": "Welcome to the club. To leave it, answer STOP.",
    "group_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b41",
    "grants_consent": True,
    "enabled": True,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_CONFIRMATION = {"enabled": True, "text": "You will get no more messages from us. To get them again, answer START."}


def _route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method,
        f"/v1/{path}",
        rpc=f"sms_gateway.{rpc}",
        permission="sms.keywords",
        summary=summary,
        tags=["Keywords"],
        **more,
    )


ROUTES = [
    _route(
        "GET", "sms-keywords", "list_sms_keywords", "List keywords",
        query=PageQuery, response=contract.SmsKeywordPage,
        response_example={"items": [_EXAMPLE], "next_cursor": None},
    ),
    _route(
        "POST", "sms-keywords", "create_sms_keyword", "Add a keyword",
        description="Of several that a message fits, one for its number comes before one for any, `exact` before"
        " `beginning` before `anywhere`, and the longer before the shorter. A number answers a phone five times an hour"
        " at most. STOP, START and words like them are no keywords.",
        request=contract.SmsKeywordCreate, response=contract.SmsKeyword, status=201,
        example={"keyword": "KLUB", "answer": _EXAMPLE["answer"], "group_id": _EXAMPLE["group_id"]},
        response_example=_EXAMPLE,
    ),
    _route(
        "GET", "sms-keywords/<uuid:keyword_id>", "get_sms_keyword", "One keyword",
        response=contract.SmsKeyword, response_example=_EXAMPLE,
    ),
    _route(
        "PATCH", "sms-keywords/<uuid:keyword_id>", "update_sms_keyword", "Change a keyword",
        request=contract.SmsKeywordChange, response=contract.SmsKeyword,
        example={"enabled": False}, response_example={**_EXAMPLE, "enabled": False},
    ),
    _route("DELETE", "sms-keywords/<uuid:keyword_id>", "delete_sms_keyword", "Delete a keyword", status=204),
    _route(
        "GET", "stop-confirmation", "get_stop_confirmation", "What is answered to a STOP",
        response=contract.StopConfirmation, response_example=_CONFIRMATION,
    ),
    _route(
        "PUT", "stop-confirmation", "set_stop_confirmation", "Set what is answered to a STOP",
        description="The number that a person has answered STOP to answers this once, and not again until they have"
        " answered START. It is not answered where it is off, as it is at first.",
        request=contract.StopConfirmation, response=contract.StopConfirmation,
        example=_CONFIRMATION, response_example=_CONFIRMATION,
    ),
]  # fmt: skip
