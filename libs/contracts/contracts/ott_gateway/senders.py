"""WhatsApp numbers of accounts: asked for, then set up by an operator with what Meta knows them by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema

from contracts.rpc import Call
from contracts.schema import PHONE, PageQuery, Reasoned, Schema, broken_rule, line_field, page_of

STATES = ("requested", "active", "rejected")
NAME = validate.Regexp(
    r"^[a-z0-9][a-z0-9-]{0,19}\Z", error="Not a valid name: up to 20 lower-case letters, digits and dashes."
)
_ID = validate.Regexp(r"^[0-9]{5,20}\Z", error="Not a valid id of Meta: digits.")
_SECRET = validate.Regexp(r"^[!-~]{8,1000}\Z", error="Not a valid secret: 8 to 1,000 printable characters.")


def _secret(**rules: Any) -> fields.String:
    return fields.String(load_only=True, validate=_SECRET, **rules)


class WhatsappSenderCreate(Schema):
    """Ask for a number to send from. An operator registers it with Meta and sets it up."""

    name = fields.String(required=True, validate=NAME, metadata={"description": "what messages say as `from`"})
    title = line_field(100, 1, required=True, metadata={"description": "the business as people see it"})
    phone = fields.String(required=True, validate=PHONE)


class WhatsappSender(Schema):
    """Its token and secrets are sealed, and told to nobody again."""

    id = fields.UUID()
    account_id = fields.UUID()
    name = fields.String()
    title = fields.String()
    phone = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    reason = fields.String(allow_none=True, metadata={"description": "why it was rejected"})
    templates_at = fields.AwareDateTime(allow_none=True, metadata={"description": "when its templates were read last"})
    templates_problem = fields.String(allow_none=True, metadata={"description": "why they could not be read since"})
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class OperatedWhatsappSender(WhatsappSender):
    """`hook_path`: where Meta is to be told to report to, with the `verify_token` that was given."""

    phone_number_id = fields.String(allow_none=True)
    business_account_id = fields.String(allow_none=True)
    hook_path = fields.String()


class WhatsappSenderQuery(PageQuery):
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(STATES))


class WhatsappSenderDecision(Reasoned):
    """`activate` needs what Meta knows the number by; on a number that is active it changes them. The reason of a
    `reject` is shown to the account."""

    decision = fields.String(required=True, validate=validate.OneOf(("activate", "reject")))
    phone_number_id = fields.String(validate=_ID)
    business_account_id = fields.String(validate=_ID)
    access_token = _secret(metadata={"description": "of a system user with whatsapp_business_messaging"})
    app_secret = _secret(metadata={"description": "of the app: it signs what comes to the hook"})
    verify_token = _secret(metadata={"description": "what Meta says when it is told of the hook"})

    @validates_schema(skip_on_field_errors=True)
    def _is_whole(self, decision: dict[str, Any], **_: Any) -> None:
        needed = ("phone_number_id", "business_account_id", "access_token", "app_secret", "verify_token")
        if decision["decision"] == "activate" and not all(name in decision for name in needed):
            raise broken_rule("whatsapp.not_whole", f"To activate it give {', '.join(needed)}.")


class HookOf(Schema):
    name = fields.String(required=True, validate=validate.Length(max=40))


class Hook(Schema):
    """What the gateway believes requests at `/hooks/whatsapp/{name}` by. It goes no further than there."""

    sender_id = fields.UUID()
    app_secret = fields.String()
    verify_token = fields.String()


WhatsappSenderPage = page_of(WhatsappSender)
OperatedWhatsappSenderPage = page_of(OperatedWhatsappSender)

RPC: dict[str, Call] = {
    "list_senders": Call(WhatsappSenderQuery, WhatsappSenderPage),
    "request_sender": Call(WhatsappSenderCreate, WhatsappSender),
    "list_all_senders": Call(WhatsappSenderQuery, OperatedWhatsappSenderPage),
    "decide_sender": Call(WhatsappSenderDecision, OperatedWhatsappSender, path={"whatsapp_sender_id": UUID}),
    "get_hook": Call(HookOf, Hook),
}
