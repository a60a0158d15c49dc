"""Single Viber messages, the bots that they are from, invitations to them, and what people answer."""

from typing import Any

from api_gateway.routing import ANYONE, Route
from contracts.channel import AcceptedMessages
from contracts.schema import page_of
from contracts.viber_gateway import answers, invitations, messages, senders

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1e01"
_CONTACT = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40"
_SENDER = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1e02",
    "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b00",
    "name": "shop",
    "title": "Shop",
    "state": "requested",
    "reason": None,
    "uri": None,
    "hook_at": None,
    "hook_problem": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_OPERATED = {
    **_SENDER, "state": "active", "uri": "shop-bot", "hook_path": "/hooks/viber/5f2c0d9b6e41a87713cde053",
}  # fmt: skip
_INBOUND = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1e04",
    "from": _CONTACT,
    "contact_id": _CONTACT,
    "sender": "shop",
    "kind": "text",
    "text": "Dziękuję!",
    "payload": None,
    "message_id": _ID,
    "wish": None,
    "received_at": "2026-11-24T08:05:00+00:00",
}
_ONE = "/<uuid:viber_bot_id>"


def _route(method: str, path: str, rpc: str, permission: str, summary: str, **more: Any) -> Route:
    return Route(
        method, path, rpc=f"viber_gateway.{rpc}", permission=permission, summary=summary, tags=["Viber"], **more
    )


def _operated(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method, f"/v1/operator/viber/bots{path}", rpc=f"viber_gateway.{rpc}", permission=ANYONE, operator=True,
        summary=summary, tags=["Operators"], **more,
    )  # fmt: skip


ROUTES = [
    _route(
        "POST", "/v1/viber", "send_messages", "viber.send", "Send one Viber message to up to 1,000 contacts",
        description="A `text`, a `picture` or both, and `buttons`. It goes to contacts that have subscribed to the bot"
        " by an invitation; of others the message is `rejected` with `viber.no_subscriber`. The text is what it is:"
        " braces in it are braces. Accepted messages are on disk before the answer. 422 `viber_bot.unknown`,"
        " `text.too_long`, `text.empty`.",
        request=messages.ViberCreate, response=AcceptedMessages, status=202, retry_after=1, idempotent=True,
        example={
            "from": "shop", "to": [_CONTACT], "text": "Paczka czeka w skrytce 12",
            "buttons": [{"text": "Odbiorę dziś", "payload": "today"}],
        },
        response_example={"messages": [{"id": _ID, "to": _CONTACT}]},
    ),
    _route(
        "GET", "/v1/viber/<uuid:message_id>", "get_message", "viber.send", "One Viber message and what became of it",
        description="`code` is Viber's own, `viber.6`: not subscribed any more.",
        response=messages.ViberMessage,
        response_example={
            "id": _ID, "to": _CONTACT, "state": "delivered", "code": None, "external_id": None,
            "campaign_id": None, "read_at": "2026-11-24T08:01:00+00:00",
        },
    ),
    _route(
        "GET", "/v1/inbound-viber", "list_inbound", "reports.read", "What people wrote to your Viber bots",
        description="Newest first, of the last 90 days. `wish: stop` archives the contact for Viber, `start` restores"
        " what `stop` archived. Who came by no invitation is told by Viber's id of them, and has no `contact_id`.",
        query=answers.InboundViberQuery, response=page_of(answers.InboundViber),
        response_example={"items": [_INBOUND], "next_cursor": None},
    ),
    _route(
        "GET", "/v1/viber/bots", "list_senders", "viber.senders", "List Viber bots",
        query=senders.ViberBotQuery, response=senders.ViberBotPage,
        response_example={"items": [_SENDER], "next_cursor": None},
    ),
    _route(
        "POST", "/v1/viber/bots", "request_sender", "viber.senders", "Ask for a Viber bot",
        description="An operator makes it at Viber and sets it up. At most 50 an account. 409 `viber_bot.taken`, 422"
        " `viber_bot.protected`.",
        request=senders.ViberBotCreate, response=senders.ViberBot, status=201,
        example={"name": "shop", "title": "Shop"}, response_example=_SENDER,
    ),
    _route(
        "POST", f"/v1/viber/bots{_ONE}/invitations", "create_invitation", "viber.senders",
        "Invite a contact to a Viber bot",
        description="A link of this contact's own, for a mail or a page that only they see: whoever opens it in Viber"
        " and subscribes is taken for them, and can be written to from then on; the first subscription is consent to"
        " Viber unless they have said no. 409 `viber_bot.not_active`.",
        request=invitations.ViberInvitationCreate, response=invitations.ViberInvitation, status=201,
        example={"contact_id": _CONTACT, "days": 30},
        response_example={
            "link": "viber://pa?chatURI=shop-bot&context=AZNYej4cfE6dOk8NL3obQGkjq4BkLq7yhr8-tC7m3mm4qYjT",
            "expires_at": "2026-12-24T08:00:00+00:00",
        },
    ),
    _operated(
        "GET", "", "list_all_senders", "List every account's Viber bots",
        query=senders.ViberBotQuery, response=senders.OperatedViberBotPage,
        response_example={"items": [_OPERATED], "next_cursor": None},
    ),
    _operated(
        "POST", f"{_ONE}/decision", "decide_sender", "Set up or reject a Viber bot",
        description="To set it up give the bot's `auth_token` and `uri`; the token is sealed and shown to nobody again."
        " Viber is told of `hook_path` within seconds, `hook_problem` says where it does not take it. The account is"
        " shown the reason of a rejection. 409 `viber_bot.bot_taken`.",
        request=senders.ViberBotDecision, response=senders.OperatedViberBot,
        example={
            "decision": "activate", "reason": "Contract 18/2026", "uri": "shop-bot",
            "auth_token": "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9",
        },
        response_example=_OPERATED,
    ),
]  # fmt: skip
