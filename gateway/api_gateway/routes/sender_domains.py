"""Sender domains and sender addresses: who may be in From."""

from typing import Any

from api_gateway.routing import ANYONE, Route
from contracts.email_gateway import senders as contract
from contracts.schema import PageQuery

_DOMAIN = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1c01",
    "domain": "sklep.example",
    "state": "pending",
    "records": [
        {
            "purpose": "dkim",
            "type": "TXT",
            "name": "wici1._domainkey.sklep.example",
            "value": "v=DKIM1; k=rsa; p=MIIBIjANBg…",
            "required": True,
            "keep_until": None,
            "found": False,
            "seen": ["v=DKIM1; k=rsa; p=MIIBIjANBh…"],
            "problem": {
                "code": "record.different",
                "detail": (
                    "The TXT record at wici1._domainkey.sklep.example says something else: v=DKIM1; k=rsa;"
                    " p=MIIBIjANBh…"
                ),
            },
        }
    ],
    "link_host": None,
    "campaigns_stop_at": None,
    "short_links": False,
    "created_at": "2026-11-24T08:00:00+00:00",
    "verified_at": None,
    "checked_at": None,
}
_OPERATOR_DOMAIN = {
    **_DOMAIN,
    "state": "verified",
    "verified_at": "2026-11-24T08:05:00+00:00",
    "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1c00",
    "verified_by": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1c09",
    "reason": "Contract 17/2026, checked by phone",
}
_FIGURES = {
    "messages": 1200, "passed": 1190, "dkim_aligned": 1190, "spf_aligned": 1150, "quarantined": 0, "rejected": 10,
}  # fmt: skip
_DMARC = {
    "domain": "sklep.example",
    "since": "2026-10-25T08:00:00+00:00",
    "reports": 14,
    **_FIGURES,
    "sources": [{"name": "192.0.2.25", **_FIGURES}],
    "reporters": [{"name": "google.com", **_FIGURES}],
}
_ADDRESS = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1c02",
    "email": "biuro@poczta.example",
    "name": "Biuro",
    "state": "pending",
    "warning": {
        "code": "sender_address.not_aligned",
        "detail": "Without DKIM of its own domain such mail may be taken for spam. Authorise the domain.",
    },
    "created_at": "2026-11-24T08:00:00+00:00",
}


def _route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method,
        path,
        rpc=f"email_gateway.{rpc}",
        permission="email.senders",
        summary=summary,
        tags=["E-mail senders"],
        **more,
    )


ROUTES = [
    _route(
        "GET", "/v1/sender-domains", "list_sender_domains", "List sender domains",
        query=PageQuery, response=contract.SenderDomainPage, response_example={"items": [_DOMAIN], "next_cursor": None},
    ),
    _route(
        "POST", "/v1/sender-domains", "create_sender_domain", "Add a sender domain",
        description=(
            "Makes its DKIM keys and answers with the DNS records to add. An account has 2 domains on trial, 5 on a"
            " free plan and 100 on a paid one, then 402 `sender_domain.too_many`; 429 `sender_domain.too_many_keys`:"
            " 100 keys were made for it today. Names below the domain that are taken may be replaced by others; 422"
            " `sender_domain.one_label`: the return path and the links have the same."
        ),
        request=contract.SenderDomainCreate, response=contract.SenderDomain, status=201, deadline=15.0,
        location="/v1/sender-domains/{id}", example={"domain": "sklep.example"}, response_example=_DOMAIN,
    ),
    _route(
        "GET", "/v1/sender-domains/<uuid:domain_id>", "get_sender_domain", "One sender domain and its DNS records",
        response=contract.SenderDomain, response_example=_DOMAIN,
    ),
    _route(
        "PATCH", "/v1/sender-domains/<uuid:domain_id>", "update_sender_domain",
        "Let short links start with the domain's own host",
        description=(
            "With `short_links` the short links in the account's SMS, and its named links, start with the domain's"
            " `link_host` while it has one, and else with the platform's. Of one domain at most. What is prepared or"
            " sent already keeps the host that it has."
        ),
        request=contract.SenderDomainUpdate, response=contract.SenderDomain,
        example={"short_links": True}, response_example={**_DOMAIN, "short_links": True},
    ),
    _route(
        "POST", "/v1/sender-domains/<uuid:domain_id>/verify", "check_sender_domain", "Look its records up in DNS now",
        description=(
            "The domain is verified once every required record is found. A verified domain stays verified, and is"
            " looked up daily: its own return path and `link_host` are used while their records are there. Where"
            " required records are gone, `campaigns_stop_at` says until when campaigns leave from it (three days), and"
            " the account's owner is told by mail what is missing; then they are refused (403"
            " `email.sender_records_lost`), and those that are being sent pause with that code, until the records are"
            " found again, which is told, too. Single e-mails go on. Each record says what was found in its place."
        ),
        response=contract.SenderDomain, deadline=45.0, response_example=_DOMAIN,
    ),
    _route(
        "GET", "/v1/sender-domains/<uuid:domain_id>/dmarc", "get_sender_domain_dmarc",
        "What receivers report of mail in the domain's name",
        description=(
            "Sums of the DMARC aggregate reports that came to the address in the suggested `dmarc` record. Mail that"
            " did not pass is another's in the domain's name, or a sender's that the domain has forgotten to authorise."
        ),
        query=contract.DmarcQuery, response=contract.DmarcView, response_example=_DMARC,
    ),
    _route(
        "POST", "/v1/sender-domains/<uuid:domain_id>/keys", "rotate_sender_domain_keys", "Make new DKIM keys",
        description=(
            "They get selectors of their own, and sign in the place of those before them once their records are found;"
            " the records of these have to stay for a week more (`keep_until`). 409 `sender_domain.keys_wait`: new ones"
            " wait for their records already."
        ),
        request=contract.SenderKeysCreate, response=contract.SenderDomain, deadline=15.0,
        example={"algorithms": ["rsa"]}, response_example=_DOMAIN,
    ),
    _route(
        "DELETE", "/v1/sender-domains/<uuid:domain_id>", "delete_sender_domain",
        "Delete a sender domain; within a minute nothing leaves from it", status=204,
    ),
    _route(
        "GET", "/v1/sender-addresses", "list_sender_addresses", "List sender addresses",
        description="An account on trial has one in the platform's sandbox domain, which goes with the trial.",
        query=PageQuery, response=contract.SenderAddressPage,
        response_example={"items": [_ADDRESS], "next_cursor": None},
    ),
    _route(
        "POST", "/v1/sender-addresses", "create_sender_address", "Add a single sender address",
        description=(
            "A code goes to the address; it is verified at once where its domain is. Else the domain's DMARC policy is"
            " looked up: 422 `sender_address.refused_by_domain` where it has mail like ours put aside or refused,"
            " `sender_address.public_provider` for a public mail provider's, and otherwise a `warning`. It is looked up"
            " again every day; 403 `email.sender_unaligned` where it has changed and the address is sent from."
            " An account mails ten codes a day, a mailbox gets three: then 429 `sender_address.too_many_codes`."
        ),
        request=contract.SenderAddressCreate, response=contract.SenderAddress, status=201, deadline=15.0,
        example={"email": "biuro@poczta.example", "name": "Biuro"}, response_example=_ADDRESS,
    ),
    _route(
        "POST", "/v1/sender-addresses/<uuid:address_id>/confirm", "confirm_sender_address",
        "Confirm a sender address with the code mailed to it",
        description="Five tries within an hour.",
        request=contract.SenderAddressConfirm, response=contract.SenderAddress,
        example={"code": "123456"}, response_example={**_ADDRESS, "state": "verified"},
    ),
    _route(
        "POST", "/v1/sender-addresses/<uuid:address_id>/code", "send_sender_address_code",
        "Mail another code to a sender address",
        description=(
            "The code before is worth nothing from then on. 409 `sender_address.verified`; it counts as the first does:"
            " 429 `sender_address.too_many_codes`."
        ),
        response=contract.SenderAddress, response_example=_ADDRESS,
    ),
    _route(
        "DELETE", "/v1/sender-addresses/<uuid:address_id>", "delete_sender_address",
        "Delete a sender address; within a minute nothing leaves from it",
        description="409 `sender_address.of_trial`: the one in the sandbox domain goes with the trial.", status=204,
    ),
    Route(
        "GET", "/v1/operator/sender-domains", rpc="email_gateway.list_domains", permission=ANYONE, operator=True,
        summary="List the sender domains of all accounts", tags=["Operators"],
        query=contract.OperatorDomainQuery, response=contract.OperatorSenderDomainPage,
        response_example={"items": [_OPERATOR_DOMAIN], "next_cursor": None},
    ),
    Route(
        "POST", "/v1/operator/sender-domains/<uuid:domain_id>/verify", rpc="email_gateway.verify_domain",
        permission=ANYONE, operator=True, tags=["Operators"],
        summary="Vouch for a sender domain without DNS, with a reason",
        request=contract.DomainApproval, response=contract.OperatorSenderDomain,
        example={"reason": "Contract 17/2026, checked by phone"}, response_example=_OPERATOR_DOMAIN,
    ),
]  # fmt: skip
