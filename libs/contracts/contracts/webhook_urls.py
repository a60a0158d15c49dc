"""Addresses of customers' systems, to which Wici posts what happens."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate

from contracts.domains import ascii_domain
from contracts.schema import rule

URL_MAX = 2048
SEND_URLS_MAX = 50  # of one account


def of_send_field() -> fields.String:
    """`webhook_url` of a send."""
    return url_field(
        "What becomes of these messages is posted there, signed by the key of `POST /v1/webhooks/key`, beside what the"
        f" account's webhooks are told. An account has up to {SEND_URLS_MAX} different addresses at a time, each until"
        " no send has named it for 120 days or its webhook is deleted; of a further one nothing is told, and the"
        " account's owner hears of it by mail. ",
        load_default=None,
        allow_none=True,
    )


def _webhook_url(url: str) -> None:
    """:raises ValidationError: nothing can be posted there."""
    if not url.isascii() or not all("!" <= character <= "~" for character in url):
        raise ValidationError("Not a valid URL: printable ASCII only; other characters are percent-encoded.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValidationError("Not a valid URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValidationError("Not a valid URL: it begins with https:// and names a host.")
    try:
        host = ascii_domain(host)
    except UnicodeError:
        raise ValidationError(rule("webhook.url_refused", "Its host is no name that DNS can hold.")) from None
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValidationError(rule("webhook.url_refused", "It holds no user, no password and no fragment."))
    if port is not None and port < 1024 and port not in (80, 443):
        raise ValidationError(rule("webhook.url_refused", "Its port is 80, 443 or one from 1024 on."))
    if parts.scheme == "http" and not _is_address(host):
        raise ValidationError(rule("webhook.url_refused", "It begins with https://: what is sent there is personal."))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def url_field(description: str = "", **options: Any) -> fields.String:
    """:param description: what is posted there, before what such an address may be."""
    return fields.String(
        validate=[validate.Length(max=URL_MAX), _webhook_url],
        metadata={
            "description": f"{description}`https://…`, at a public address. `http://` is for networks that the operator"
            " has named.",
            "format": "uri",
        },
        **options,
    )
