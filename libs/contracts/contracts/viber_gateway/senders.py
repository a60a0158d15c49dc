"""Viber bots of accounts: asked for, then set up by an operator with the token that Viber gives for each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema

from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, broken_rule, line_field, page_of

STATES = ("requested", "active", "rejected")
TITLE_MAX = 28  # characters of a sender's name
NAME = validate.Regexp(
    r"^[a-z0-9][a-z0-9-]{0,19}\Z", error="Not a valid name: up to 20 lower-case letters, digits and dashes."
)
_URI = validate.Regexp(r"^[A-Za-z0-9_-]{1,100}\Z", error="Not a valid URI of a bot.")
_TOKEN = validate.Regexp(r"^[!-~]{8,200}\Z", error="Not a valid token: 8 to 200 printable characters.")


class ViberBotCreate(Schema):
    """Ask for a bot to send from. An operator makes it at Viber and sets it up."""

    name = fields.String(required=True, validate=NAME, metadata={"description": "what messages say as `from`"})
    title = line_field(TITLE_MAX, 1, required=True, metadata={"description": "the business as people see it"})


class ViberBot(Schema):
    """Its token is sealed, and told to nobody again."""

    id = fields.UUID()
    account_id = fields.UUID()
    name = fields.String()
    title = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    reason = fields.String(allow_none=True, metadata={"description": "why it was rejected"})
    uri = fields.String(allow_none=True, metadata={"description": "by which Viber's links name the bot"})
    hook_at = fields.AwareDateTime(allow_none=True, metadata={"description": "since when Viber reports to us"})
    hook_problem = fields.String(allow_none=True, metadata={"description": "why Viber does not take our address"})
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class OperatedViberBot(ViberBot):
    """`hook_path`: where Viber reports to; it is told by us."""

    hook_path = fields.String()


class ViberBotQuery(PageQuery):
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(STATES))


class ViberBotDecision(Reasoned):
    """`activate` needs the bot's token and URI; on a bot that is active it changes them. The reason of a `reject` is
    shown to the account."""

    decision = fields.String(required=True, validate=validate.OneOf(("activate", "reject")))
    auth_token = fields.String(load_only=True, validate=_TOKEN)
    uri = fields.String(validate=_URI)

    @validates_schema(skip_on_field_errors=True)
    def _is_whole(self, decision: dict[str, Any], **_: Any) -> None:
        if decision["decision"] == "activate" and not ("auth_token" in decision and "uri" in decision):
            raise broken_rule("viber.not_whole", "To activate it give auth_token and uri.")


class ViberHookOf(Schema):
    name = fields.String(required=True, validate=validate.Length(max=40))


class ViberHook(Schema):
    """What the gateway believes requests at `/hooks/viber/{name}` by. It goes no further than there."""

    sender_id = fields.UUID()
    auth_token = fields.String()


ViberBotPage = page_of(ViberBot)
OperatedViberBotPage = page_of(OperatedViberBot)

RPC: dict[str, Call] = {
    "list_senders": Call(ViberBotQuery, ViberBotPage),
    "request_sender": Call(ViberBotCreate, ViberBot),
    "list_all_senders": Call(ViberBotQuery, OperatedViberBotPage),
    "decide_sender": Call(ViberBotDecision, OperatedViberBot, path={"viber_bot_id": UUID}),
    "get_hook": Call(ViberHookOf, ViberHook),
}
