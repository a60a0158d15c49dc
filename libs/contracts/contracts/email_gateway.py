"""What email-gateway is asked: sender domains and addresses, content, single e-mails, mail routes."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, page_of
from contracts.vocabulary import MessageState

MAX_RECIPIENTS = 1000
MAX_ADDRESS = 254
# An e-mail's texts in template form, wherever they are given: to a campaign, a template or a single mail.
SUBJECT_MAX = PREHEADER_MAX = 998  # RFC 5322 section 2.1.1; advice for a subject is 50
HTML_MAX = 1_000_000

# Letters are those of ASCII and every character beyond it: negated ranges are read alike by Python and ECMA 262.
_LETTER, _ALPHANUMERIC, _INNER = r"[^\x00-@\[-`{-\x7f]", r"[^\x00-/:-@\[-`{-\x7f]", r"[^\x00-,./:-@\[-`{-\x7f]"
_DOMAIN = [
    validate.Length(min=4, max=253),
    validate.Regexp(
        rf"(?:{_ALPHANUMERIC}(?:{_INNER}{{0,61}}{_ALPHANUMERIC})?\.)+{_LETTER}{_INNER}{{0,61}}{_ALPHANUMERIC}\Z",
        error="Not a valid domain name.",
    ),
]
_HOST = validate.Regexp(r"[A-Za-z0-9.:\[\]_-]{1,253}\Z", error="Not a valid host name or address.")
_HEADER_NAME = validate.Regexp(r"X-[A-Za-z0-9-]{1,60}\Z", error="Only headers that start with X- can be set.")


def _address(**options: object) -> fields.Field[Any]:
    return fields.Email(validate=validate.Length(max=MAX_ADDRESS), **options)  # type: ignore[arg-type]


# Sender domains and addresses


class DnsRecord(Schema):
    """One record to add to the domain's DNS, and whether it was seen at the last check."""

    purpose = fields.String(metadata={"description": "ownership, dkim, return_path, spf, tracking or dmarc"})
    type = fields.String(metadata={"description": "TXT, MX or CNAME"})
    name = fields.String()
    value = fields.String()
    required = fields.Boolean(metadata={"description": "Without it nothing leaves from the domain."})
    found = fields.Boolean(allow_none=True, metadata={"description": "null: not looked up yet"})


class SenderDomain(Schema):
    id = fields.UUID()
    domain = fields.String()
    state = fields.String(metadata={"description": "pending or verified"})
    records = fields.List(fields.Nested(DnsRecord))
    created_at = fields.AwareDateTime()
    verified_at = fields.AwareDateTime(allow_none=True)
    checked_at = fields.AwareDateTime(allow_none=True)


class SenderDomainCreate(Schema):
    domain = fields.String(required=True, validate=_DOMAIN)
    algorithms = fields.List(
        fields.String(validate=validate.OneOf(("rsa", "ed25519"))),
        load_default=lambda: ["rsa"],
        validate=validate.Length(min=1, max=2),
        metadata={"description": "DKIM keys to make; every one signs each e-mail."},
    )


class SenderDomainQuery(Schema):
    domain_id = fields.UUID(required=True)


class DomainApproval(Reasoned):
    """Why an operator vouches for the domain without DNS; kept in the record as well."""


class DomainApprovalCall(DomainApproval):
    domain_id = fields.UUID(required=True)


class OperatorDomainQuery(PageQuery):
    account_id = fields.UUID(load_default=None, allow_none=True)
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(("pending", "verified")))


class OperatorSenderDomain(SenderDomain):
    account_id = fields.UUID()
    verified_by = fields.String(allow_none=True, metadata={"description": "dns, or the operator's id"})
    reason = fields.String(allow_none=True)


class SenderAddress(Schema):
    id = fields.UUID()
    email = fields.String()
    name = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "pending or verified"})
    created_at = fields.AwareDateTime()


class SenderAddressCreate(Schema):
    email = _address(required=True)
    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class SenderAddressConfirm(Schema):
    code = fields.String(required=True, validate=validate.Regexp(r"\d{6}\Z", error="Not a valid code."))


class SenderAddressConfirmCall(SenderAddressConfirm):
    address_id = fields.UUID(required=True)


# Content


class EmailContent(Schema):
    """An e-mail as a person writes it; every text may hold template tags."""

    from_email = _address(load_default=None, allow_none=True)
    from_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    reply_to = _address(load_default=None, allow_none=True)
    subject = fields.String(required=True, validate=validate.Length(min=1, max=SUBJECT_MAX))
    preheader = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=PREHEADER_MAX))
    html = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    text = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))


class PrepareContent(Schema):
    sender = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={"description": "the campaign's sender: an address, or {from_email, from_name?, reply_to?}"},
    )
    content = fields.Nested(EmailContent, required=True)
    kind = fields.String(load_default="campaign", validate=validate.OneOf(("campaign", "transactional")))


class ContentProblem(Schema):
    field = fields.String()
    code = fields.String()
    detail = fields.String()


class PreparedContent(Schema):
    content_hash = fields.String(allow_none=True, metadata={"description": "null where there are problems"})
    variables = fields.List(fields.String())
    problems = fields.List(fields.Nested(ContentProblem))


class RenderPreview(Schema):
    content_hash = fields.String(required=True, validate=validate.Length(equal=64))
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", load_default=dict)
    address = _address(load_default=None, allow_none=True)


class Preview(Schema):
    subject = fields.String(allow_none=True)
    html = fields.String(allow_none=True)
    text = fields.String(allow_none=True)
    problems = fields.List(fields.Nested(ContentProblem))


class SendTest(Schema):
    content_hash = fields.String(required=True, validate=validate.Length(equal=64))
    addresses = fields.List(_address(), required=True, validate=validate.Length(min=1, max=20))
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", load_default=dict)


# Single e-mails


class Mailbox(Schema):
    email = _address(required=True)
    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))


class EmailRecipient(Mailbox):
    variables = fields.Dict(keys=fields.String(), load_default=dict)


class EmailSend(Schema):
    """POST /v1/emails."""

    from_ = fields.Nested(Mailbox, data_key="from", required=True)
    to = fields.List(fields.Nested(EmailRecipient), required=True, validate=validate.Length(min=1, max=MAX_RECIPIENTS))
    reply_to = _address(load_default=None, allow_none=True)
    subject = fields.String(required=True, validate=validate.Length(min=1, max=SUBJECT_MAX))
    html = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    text = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=HTML_MAX))
    headers = fields.Dict(
        keys=fields.String(validate=_HEADER_NAME),
        values=fields.String(validate=validate.Length(max=900)),
        load_default=dict,
        validate=validate.Length(max=20),
    )
    external_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class AcceptedEmail(Schema):
    id = fields.UUID()
    to = fields.String()


class AcceptedEmails(Schema):
    messages = fields.List(fields.Nested(AcceptedEmail))


class EmailQuery(Schema):
    message_id = fields.UUID(required=True)


class Email(Schema):
    id = fields.UUID()
    to = fields.String()
    state = fields.Enum(MessageState, by_value=True)
    code = fields.String(allow_none=True)
    detail = fields.String(allow_none=True)
    attempts = fields.Integer()
    external_id = fields.String(allow_none=True)
    updated_at = fields.AwareDateTime()


# Mail routes (operators)


class MailRouteCreate(Reasoned):
    pattern = fields.String(
        required=True,
        validate=validate.Regexp(r"(\*|(\*\.)?[^\s*@]{1,253})\Z", error="Not a valid pattern."),
        metadata={"description": "recipient domain: `*`, `example.com` or `*.example.com`; the longest that fits wins"},
    )
    kind = fields.String(required=True, validate=validate.OneOf(("smarthost", "mx")))
    host = fields.String(load_default=None, allow_none=True, validate=_HOST)
    port = fields.Integer(load_default=25, validate=validate.Range(min=1, max=65535))
    tls = fields.String(load_default="opportunistic", validate=validate.OneOf(("off", "opportunistic", "required")))
    username = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    password = fields.String(load_default=None, allow_none=True, load_only=True, validate=validate.Length(max=500))
    connections = fields.Integer(load_default=10, validate=validate.Range(min=1, max=200))


class MailRoute(Schema):
    id = fields.UUID()
    pattern = fields.String()
    kind = fields.String()
    host = fields.String(allow_none=True)
    port = fields.Integer()
    tls = fields.String()
    username = fields.String(allow_none=True)
    connections = fields.Integer()
    created_at = fields.AwareDateTime()


class MailRouteRemoval(Reasoned):
    route_id = fields.UUID(required=True)


SenderDomainPage = page_of(SenderDomain)
OperatorSenderDomainPage = page_of(OperatorSenderDomain)


class SenderQuery(Schema):
    email = _address(required=True)


class SenderChecked(Schema):
    """Whether the account may send from the address: its domain or it itself is verified."""

    authorised = fields.Boolean()


SenderAddressPage = page_of(SenderAddress)
MailRoutePage = page_of(MailRoute)

RPC: dict[str, Call] = {
    "create_sender_domain": Call(SenderDomainCreate, SenderDomain),
    "get_sender_domain": Call(SenderDomainQuery, SenderDomain),
    "list_sender_domains": Call(PageQuery, SenderDomainPage),
    "check_sender_domain": Call(SenderDomainQuery, SenderDomain),
    "delete_sender_domain": Call(SenderDomainQuery, None),
    "verify_domain": Call(DomainApprovalCall, OperatorSenderDomain),
    "list_domains": Call(OperatorDomainQuery, OperatorSenderDomainPage),
    "create_sender_address": Call(SenderAddressCreate, SenderAddress),
    "list_sender_addresses": Call(PageQuery, SenderAddressPage),
    "confirm_sender_address": Call(SenderAddressConfirmCall, SenderAddress),
    "check_sender": Call(SenderQuery, SenderChecked),
    "prepare_content": Call(PrepareContent, PreparedContent),
    "render_preview": Call(RenderPreview, Preview),
    "send_test": Call(SendTest, AcceptedEmails),
    "send_messages": Call(EmailSend, AcceptedEmails),
    "get_message": Call(EmailQuery, Email),
    "create_mail_route": Call(MailRouteCreate, MailRoute),
    "list_mail_routes": Call(PageQuery, MailRoutePage),
    "delete_mail_route": Call(MailRouteRemoval, None),
    "export_person": Call(PersonAsked, PersonRecords),
    "erase_person": Call(PersonToErase, PersonForgotten),
}
