"""Single WhatsApp messages, the numbers that they are from, their templates, and what people answer."""

from typing import Any

from api_gateway.routing import ANYONE, Route
from contracts.channel import AcceptedMessages
from contracts.ott_gateway import answers, messages, senders, templates
from contracts.schema import page_of

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d01"
_SENDER = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d02",
    "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b00",
    "name": "shop",
    "title": "Shop",
    "phone": "+48500700800",
    "state": "requested",
    "reason": None,
    "templates_at": None,
    "templates_problem": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_OPERATED = {
    **_SENDER,
    "state": "active",
    "phone_number_id": "106540352242922",
    "business_account_id": "102290129340398",
    "hook_path": "/hooks/whatsapp/5f2c0d9b6e41a87713cde052",
}
_TEMPLATE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d03",
    "name": "parcel_here",
    "language": "pl",
    "status": "APPROVED",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "Paczka czeka w skrytce {{1}}"}],
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_INBOUND = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d04",
    "from": "+48600100200",
    "sender": "shop",
    "kind": "text",
    "text": "Dziękuję!",
    "payload": None,
    "message_id": _ID,
    "wish": None,
    "received_at": "2026-11-24T08:05:00+00:00",
}
_ONE = "/<uuid:whatsapp_sender_id>"


def _route(method: str, path: str, rpc: str, permission: str, summary: str, **more: Any) -> Route:
    return Route(
        method, path, rpc=f"ott_gateway.{rpc}", permission=permission, summary=summary, tags=["WhatsApp"], **more
    )


def _operated(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method, f"/v1/operator/whatsapp/senders{path}", rpc=f"ott_gateway.{rpc}", permission=ANYONE, operator=True,
        summary=summary, tags=["Operators"], **more,
    )  # fmt: skip


ROUTES = [
    _route(
        "POST", "/v1/whatsapp", "send_messages", "whatsapp.send", "Send one WhatsApp message to up to 1,000 numbers",
        description="An approved `template` goes to anybody who has agreed; `text`, `media` and `buttons` only to"
        " people who have written to the number in the last 24 hours: to others the message is `rejected` with"
        " `whatsapp.131047`. Texts are what they are: braces in them are braces. Accepted messages are on disk before"
        " the answer. Limits are refused with the field and the number. 422 `whatsapp_sender.unknown`,"
        " `whatsapp.template_unknown`, `whatsapp.template_not_approved`, `whatsapp.template_body` and the like where"
        " the values do not fit the template, `text.too_long`.",
        request=messages.WhatsappCreate, response=AcceptedMessages, status=202, retry_after=1, idempotent=True,
        example={
            "from": "shop", "to": ["+48600100200"],
            "template": {"name": "parcel_here", "language": "pl", "body": ["12"]},
        },
        response_example={"messages": [{"id": _ID, "to": "+48600100200"}]},
    ),
    _route(
        "GET", "/v1/whatsapp/<uuid:message_id>", "get_message", "whatsapp.send",
        "One WhatsApp message and what became of it",
        description="`code` is WhatsApp's own, `whatsapp.131026`: no WhatsApp at this number.",
        response=messages.WhatsappMessage,
        response_example={
            "id": _ID, "to": "+48600100200", "state": "delivered", "code": None, "external_id": None,
            "campaign_id": None, "read_at": "2026-11-24T08:01:00+00:00",
        },
    ),
    _route(
        "GET", "/v1/inbound-whatsapp", "list_inbound", "reports.read", "What people wrote to your WhatsApp numbers",
        description="Newest first, of the last 90 days. `wish: stop` archives the phone for WhatsApp, `start` restores"
        " what `stop` archived.",
        query=answers.InboundWhatsappQuery, response=page_of(answers.InboundWhatsapp),
        response_example={"items": [_INBOUND], "next_cursor": None},
    ),
    _route(
        "GET", "/v1/whatsapp/senders", "list_senders", "whatsapp.senders", "List WhatsApp numbers",
        query=senders.WhatsappSenderQuery, response=senders.WhatsappSenderPage,
        response_example={"items": [_SENDER], "next_cursor": None},
    ),
    _route(
        "POST", "/v1/whatsapp/senders", "request_sender", "whatsapp.senders", "Ask for a WhatsApp number",
        description="An operator registers it with Meta and sets it up. At most 50 an account. 409"
        " `whatsapp_sender.taken`, 422 `whatsapp_sender.protected`.",
        request=senders.WhatsappSenderCreate, response=senders.WhatsappSender, status=201,
        example={"name": "shop", "title": "Shop", "phone": "+48500700800"}, response_example=_SENDER,
    ),
    _route(
        "GET", f"/v1/whatsapp/senders{_ONE}/templates", "list_templates", "whatsapp.senders",
        "List the templates of a WhatsApp number",
        description="As Meta keeps them; read every quarter of an hour, and at once when Meta tells of a change.",
        query=templates.WhatsappTemplateQuery, response=templates.WhatsappTemplatePage,
        response_example={"items": [_TEMPLATE], "next_cursor": None},
    ),
    _route(
        "POST", f"/v1/whatsapp/senders{_ONE}/templates/refresh", "refresh_templates", "whatsapp.senders",
        "Read the templates of a WhatsApp number anew",
        description="It happens within seconds; `templates_at` of the number tells when. 409"
        " `whatsapp_sender.not_active`.",
        status=204,
    ),
    _operated(
        "GET", "", "list_all_senders", "List every account's WhatsApp numbers",
        query=senders.WhatsappSenderQuery, response=senders.OperatedWhatsappSenderPage,
        response_example={"items": [_OPERATED], "next_cursor": None},
    ),
    _operated(
        "POST", f"{_ONE}/decision", "decide_sender", "Set up or reject a WhatsApp number",
        description="To set it up give what Meta knows the number by; token and secrets are sealed and shown to nobody"
        " again. Tell Meta `hook_path` and the `verify_token`. The account is shown the reason of a rejection. 409"
        " `whatsapp_sender.number_taken`.",
        request=senders.WhatsappSenderDecision, response=senders.OperatedWhatsappSender,
        example={
            "decision": "activate", "reason": "Contract 17/2026", "phone_number_id": "106540352242922",
            "business_account_id": "102290129340398", "access_token": "EAAJB0q3x0123456789",
            "app_secret": "0123456789abcdef0123456789abcdef", "verify_token": "5f2c0d9b6e41a877",
        },
        response_example=_OPERATED,
    ),
]  # fmt: skip
