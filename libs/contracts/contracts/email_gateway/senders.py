"""Sender domains and single sender addresses."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.email_addresses import email_address
from contracts.email_gateway.addresses import DOMAIN
from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, line_field, page_of


class DnsProblem(Schema):
    """What is wrong with a record, for whoever keeps the domain's DNS."""

    code = fields.String(
        metadata={
            "description": (
                "record.missing, record.different (the value is another), record.several (more than one where there may"
                " be one), record.doubled_name (it was added under its name with the domain once more),"
                " record.no_answer (the name servers did not answer)"
            )
        }
    )
    detail = fields.String()


class DnsRecord(Schema):
    """One record to add to the domain's DNS, and what was seen at the last check."""

    purpose = fields.String(metadata={"description": "ownership, dkim, return_path, spf, tracking or dmarc"})
    type = fields.String(metadata={"description": "TXT, MX or CNAME"})
    name = fields.String()
    value = fields.String()
    required = fields.Boolean(metadata={"description": "Without it nothing leaves from the domain."})
    keep_until = fields.AwareDateTime(
        allow_none=True, metadata={"description": "Of a DKIM key that signs no more: until then it has to stay."}
    )
    found = fields.Boolean(allow_none=True, metadata={"description": "null: not looked up yet, or nobody answered"})
    seen = fields.List(fields.String(), metadata={"description": "What is at its name in its place"})
    problem = fields.Nested(DnsProblem, allow_none=True, metadata={"description": "null: nothing is to be done"})


class SenderDomain(Schema):
    id = fields.UUID()
    domain = fields.String()
    state = fields.String(metadata={"description": "pending or verified", "volatile": True})
    records = fields.List(fields.Nested(DnsRecord), metadata={"volatile": True})
    link_host = fields.String(
        allow_none=True,
        metadata={
            "description": (
                "The host of the links, pixel and unsubscribe address in its mails: its own, where the tracking record"
                " is found and the platform has a certificate for it. null: the platform's."
            ),
            "volatile": True,
        },
    )
    campaigns_stop_at = fields.AwareDateTime(
        allow_none=True,
        metadata={
            "description": (
                "Required records are gone: from then on no campaign leaves from the domain until they are back."
                " null: they are there."
            ),
            "volatile": True,
        },
    )
    short_links = fields.Boolean(
        metadata={
            "description": (
                "whether short links in SMS, and named links, start with `link_host` too, while the domain has one;"
                " of one domain of the account at most"
            )
        }
    )
    created_at = fields.AwareDateTime()
    verified_at = fields.AwareDateTime(allow_none=True, metadata={"volatile": True})
    checked_at = fields.AwareDateTime(allow_none=True, metadata={"volatile": True})


_ALGORITHM = validate.OneOf(("rsa", "ed25519"))
_LABEL = validate.Regexp(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z", error="Not a label of a domain name.")
_SELECTOR = validate.Regexp(r"[a-z]([a-z0-9-]{0,30}[a-z])?\Z", error="Letters, digits and hyphens between letters.")


class SenderDomainUpdate(Schema):
    """`short_links` of one domain takes it from the other that had it."""

    short_links = fields.Boolean(required=True)


class SenderDomainCreate(Schema):
    domain = fields.String(required=True, validate=DOMAIN)
    algorithms = fields.List(
        fields.String(validate=_ALGORITHM),
        load_default=lambda: ["rsa"],
        validate=validate.Length(min=1, max=2),
        metadata={"description": "DKIM keys to make; every one signs each e-mail."},
    )
    selector = fields.String(
        load_default="wici",
        validate=_SELECTOR,
        metadata={"description": "What the selectors of its DKIM keys begin with; a number follows."},
    )
    return_path_label = fields.String(
        load_default="bounces",
        validate=_LABEL,
        metadata={"description": "Bounces go to this name below the domain."},
    )
    link_label = fields.String(
        load_default="link", validate=_LABEL, metadata={"description": "Links lead to this name below the domain."}
    )


class SenderKeysCreate(Schema):
    algorithms = fields.List(
        fields.String(validate=_ALGORITHM),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=2),
        metadata={"description": "Of the new keys; those of the present ones where it is left out."},
    )


class DomainApproval(Reasoned):
    """Why an operator vouches for the domain without DNS; kept in the record as well."""


class OperatorDomainQuery(PageQuery):
    account_id = fields.UUID(load_default=None, allow_none=True)
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(("pending", "verified")))


class OperatorSenderDomain(SenderDomain):
    account_id = fields.UUID()
    verified_by = fields.String(allow_none=True, metadata={"description": "dns, or the operator's id"})
    reason = fields.String(allow_none=True)


class SenderWarning(Schema):
    """Why mail from the address may not be taken: its own domain does not sign it."""

    code = fields.String(
        metadata={
            "description": (
                "sender_address.not_aligned: it may be taken for spam; sender_address.policy_unknown: the domain's name"
                " servers do not answer; sender_address.refused_by_domain and sender_address.public_provider: nothing"
                " is sent from it"
            )
        }
    )
    detail = fields.String()


class SenderAddress(Schema):
    id = fields.UUID()
    email = fields.String()
    name = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "pending or verified"})
    warning = fields.Nested(
        SenderWarning, allow_none=True, metadata={"description": "null where its domain is authorised"}
    )
    is_of_trial = fields.Boolean(
        metadata={"description": "It is for trying Wici out, goes when the trial ends, and cannot be deleted before"}
    )
    created_at = fields.AwareDateTime()


class SenderAddressCreate(Schema):
    email = email_address(required=True)
    name = line_field(100, load_default=None, allow_none=True)


class SenderAddressConfirm(Schema):
    code = fields.String(required=True, validate=validate.Regexp(r"\d{6}\Z", error="Not a valid code."))


class SenderQuery(Schema):
    email = email_address(required=True)


class SenderChecked(Schema):
    """Whether the account may send from the address: its domain or it itself is verified."""

    authorised = fields.Boolean()


class DmarcQuery(Schema):
    days = fields.Integer(
        load_default=30, validate=validate.Range(1, 90), metadata={"description": "How far back, in days"}
    )


class DmarcFigures(Schema):
    """Mails in the domain's name, by what receivers say of them. `passed`: DKIM or SPF is aligned."""

    messages = fields.Integer()
    passed = fields.Integer()
    dkim_aligned = fields.Integer()
    spf_aligned = fields.Integer()
    quarantined = fields.Integer()
    rejected = fields.Integer()


class DmarcPart(DmarcFigures):
    name = fields.String(metadata={"description": "The address that the mails came from, or the receiver's name"})


class DmarcView(DmarcFigures):
    """What receivers reported (RFC 7489); anybody may write a report, and none is proved."""

    domain = fields.String()
    since = fields.AwareDateTime()
    reports = fields.Integer()
    sources = fields.List(fields.Nested(DmarcPart), metadata={"description": "The 100 with most messages"})
    reporters = fields.List(fields.Nested(DmarcPart), metadata={"description": "The 100 with most messages"})


SenderDomainPage = page_of(SenderDomain)
OperatorSenderDomainPage = page_of(OperatorSenderDomain)
SenderAddressPage = page_of(SenderAddress)

_DOMAIN_ID = {"domain_id": UUID}
_ADDRESS_ID = {"address_id": UUID}

RPC: dict[str, Call] = {
    "create_sender_domain": Call(SenderDomainCreate, SenderDomain),
    "get_sender_domain": Call(None, SenderDomain, path=_DOMAIN_ID),
    "list_sender_domains": Call(PageQuery, SenderDomainPage),
    "update_sender_domain": Call(SenderDomainUpdate, SenderDomain, path=_DOMAIN_ID, edits=SenderDomain),
    "check_sender_domain": Call(None, SenderDomain, path=_DOMAIN_ID),
    "get_sender_domain_dmarc": Call(DmarcQuery, DmarcView, path=_DOMAIN_ID),
    "rotate_sender_domain_keys": Call(SenderKeysCreate, SenderDomain, path=_DOMAIN_ID),
    "delete_sender_domain": Call(None, None, path=_DOMAIN_ID, edits=SenderDomain),
    "verify_domain": Call(DomainApproval, OperatorSenderDomain, path=_DOMAIN_ID),
    "list_domains": Call(OperatorDomainQuery, OperatorSenderDomainPage),
    "create_sender_address": Call(SenderAddressCreate, SenderAddress),
    "list_sender_addresses": Call(PageQuery, SenderAddressPage),
    "confirm_sender_address": Call(SenderAddressConfirm, SenderAddress, path=_ADDRESS_ID),
    "send_sender_address_code": Call(None, SenderAddress, path=_ADDRESS_ID),
    "delete_sender_address": Call(None, None, path=_ADDRESS_ID),
    "check_sender": Call(SenderQuery, SenderChecked),
}
