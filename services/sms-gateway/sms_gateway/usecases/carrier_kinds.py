"""What a carrier of each kind needs, and what it has no use for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sms_gateway import exceptions
from sms_gateway.domain import networks
from sms_gateway.http_api import templates
from sms_gateway.http_api.dialects import GENERIC, SMPP, TWILIO, Dialect, dialect_of
from sms_gateway.models import Carrier

_OF_SMPP = ("host", "port", "system_id")
_OF_LOOK_UPS = frozenset({"to", "to_digits", "account", "token", "basic"})
_TLS = ("tls", "tls_ca", "tls_pin", "tls_certificate", "tls_key")
_OF_ITS_DIALECT = ("parameters", "passed_on", "errors", "national_languages")
_OF_HTTP = ("http", "token", "hook_secret")
# `receipt_ids` and the form of long messages are SMPP's too; they have defaults, and say nothing of a carrier by HTTP.


def ensure_fits(carrier: Carrier, settings: Mapping[str, Any]) -> None:
    """Called before it is written; fills what the table wants of one by HTTP.

    :param settings: those that the request names. :raises Invalid: something is missing, of another kind, or wrong.
    """
    others = _OF_HTTP if carrier.kind == SMPP else (*_OF_SMPP, *_TLS, *_OF_ITS_DIALECT)
    for name in others:
        if settings.get(name) not in (None, False, []):
            raise exceptions.carrier_of_other_kind(name, carrier.kind)
    if carrier.kind == SMPP:
        _ensure(carrier, {name: getattr(carrier, name) for name in _OF_SMPP})
        return
    http = carrier.http or {}
    dialect = dialect_of(carrier.kind, http)
    needed: dict[str, Any] = {"token": carrier.token} if carrier.kind != GENERIC else {}
    if carrier.kind == TWILIO:
        needed["http.account"] = http.get("account")
    _ensure(
        carrier,
        {**needed, "http.url": dialect.url, "http.body": dialect.body, "http.answer": dialect.answer_id},
    )
    _ensure_templates(dialect)
    if http.get("look_up"):
        _ensure_look_up(http["look_up"])
    place = urlsplit(dialect.url)
    carrier.host, carrier.port, carrier.system_id = place.hostname or "", place.port or 443, ""


def _ensure(carrier: Carrier, needed: Mapping[str, Any]) -> None:
    for name, value in needed.items():
        if not value:
            raise exceptions.carrier_incomplete(name, carrier.kind)


def _ensure_look_up(given: Mapping[str, Any]) -> None:
    for name in ("url", "headers"):
        if unknown := sorted(templates.names(given.get(name)) - _OF_LOOK_UPS):
            raise exceptions.http_invalid(f"http.look_up.{name}", f"No number has a {{{unknown[0]}}}.")
    if unknown := sorted(set(given["networks"].values()) - networks.known()):
        raise exceptions.http_invalid("http.look_up.networks", f"No numbering plan has {unknown[0]}.")


def _ensure_templates(dialect: Dialect) -> None:
    try:
        place = urlsplit(dialect.url)
        is_whole = bool(place.hostname) and "{" not in place.netloc and place.username is None
        _ = place.port
    except ValueError:
        is_whole = False
    if not is_whole:
        raise exceptions.http_invalid("http.url", "It has no host, or one that changes, or a port that is none.")
    for name, template in (("url", dialect.url), ("headers", dict(dialect.headers)), ("body", dialect.body)):
        if unknown := sorted(templates.unknown_names(template)):
            raise exceptions.http_invalid(f"http.{name}", f"No message has a {{{unknown[0]}}}.")
