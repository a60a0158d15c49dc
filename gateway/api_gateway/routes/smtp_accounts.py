"""SMTP accounts: what partners' mail servers log in with."""

from typing import Any

from api_gateway.routing import Route
from contracts.email_gateway import smtp_accounts as contract
from contracts.schema import PageQuery

_ACCOUNT = {
    "id": "019abf20-5c00-7000-8000-0000000000a1",
    "name": "Shop's server",
    "username": "smtp_019abf205c00700080000000000000a1",
    "ip_list": ["192.0.2.0/24"],
    "messages_a_minute": 6000,
    "is_active": True,
    "tracks_clicks": False,
    "tracks_opens": False,
    "last_used_at": None,
    "created_at": "2026-11-24T08:00:00+00:00",
}
_WITH_PASSWORD = {**_ACCOUNT, "password": "q9D3vYc0m2pX1sLr8tKe7WbN4zHuAf5J"}
_ONE = "/<uuid:smtp_account_id>"


def _route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method,
        f"/v1/smtp-accounts{path}",
        rpc=f"email_gateway.{rpc}",
        permission="email.smtp",
        summary=summary,
        tags=["E-mail"],
        **more,
    )


ROUTES = [
    _route(
        "GET", "", "list_smtp_accounts", "List SMTP accounts",
        query=PageQuery, response=contract.SmtpAccountPage,
        response_example={"items": [_ACCOUNT], "next_cursor": None},
    ),
    _route(
        "POST", "", "create_smtp_account", "Make an SMTP account",
        description=(
            "A mail server logs in with `username` and `password` (AUTH PLAIN or LOGIN) on port 587 (STARTTLS) or 465 "
            "(TLS), and submits mail of the account's verified senders. The password is in this answer and never shown "
            "again. At most 50 an account."
        ),
        request=contract.SmtpAccountCreate, response=contract.NewSmtpAccount, status=201,
        example={"name": "Shop's server", "ip_list": ["192.0.2.0/24"], "messages_a_minute": 6000},
        response_example=_WITH_PASSWORD,
    ),
    _route(
        "GET", _ONE, "get_smtp_account", "See an SMTP account, without its password",
        response=contract.SmtpAccount, response_example=_ACCOUNT,
    ),
    _route(
        "PATCH", _ONE, "update_smtp_account", "Change an SMTP account",
        description=(
            "It holds from the next message on, also on connections that are open; of `tracks_clicks` and "
            "`tracks_opens`, from the next log-in on."
        ),
        request=contract.SmtpAccountUpdate, response=contract.SmtpAccount,
        example={"is_active": False}, response_example={**_ACCOUNT, "is_active": False},
    ),
    _route(
        "POST", f"{_ONE}/rotation", "rotate_smtp_account", "Change the password of an SMTP account",
        description="The new one is in this answer and never shown again; the old one is worth nothing at once.",
        response=contract.NewSmtpAccount, status=201, response_example=_WITH_PASSWORD,
    ),
    _route("DELETE", _ONE, "delete_smtp_account", "Delete an SMTP account", status=204),
    _route(
        "GET", f"{_ONE}/blocked-addresses", "list_blocked_addresses", "List an SMTP account's blocked addresses",
        query=PageQuery, response=contract.BlockedAddressPage,
        response_example={
            "items": [
                {"id": "019abf20-5c00-7000-8000-0000000000a2", "email": "jan@example.com",
                 "created_at": "2026-11-24T08:00:00+00:00"}
            ],
            "next_cursor": None,
        },
    ),
    _route(
        "POST", f"{_ONE}/blocked-addresses", "block_addresses", "Block addresses for an SMTP account",
        description="`RCPT` to one of them is refused (550 5.7.1) on connections that log in from now on.",
        request=contract.BlockAddresses, response=contract.BlockedNow,
        example={"emails": ["jan@example.com"]}, response_example={"blocked": 1},
    ),
    _route(
        "DELETE", f"{_ONE}/blocked-addresses/<uuid:blocked_id>", "unblock_address",
        "Unblock an address for an SMTP account", status=204,
    ),
]  # fmt: skip
