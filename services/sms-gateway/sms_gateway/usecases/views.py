"""How stored rows look to the outside: dictionaries that fit the schemas of `contracts.sms_gateway`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contracts.vocabulary import KeywordMatch, Lane
from sms_gateway.http_api.dialects import SMPP
from sms_gateway.models import Carrier, Route, SenderId, SmppAccount, SmppBind, SmsKeyword

View = dict[str, Any]

_SENDER_ID = ("id", "account_id", "sender", "state", "reason", "created_at", "updated_at")
_CARRIER = (
    "id", "name", "host", "port", "system_id", "system_type", "bind_mode", "binds", "window", "rate", "tls",
    "tls_ca", "tls_pin", "tls_server_name", "tls_certificate",
    "long_form", "national_languages", "parameters", "passed_on", "errors", "receipt_ids", "receipts_within",
    "response_timeout", "without_receipt", "enabled", "created_at", "kind", "http",
)  # fmt: skip
_OF_SMPP = ("host", "port", "system_id")
_SMPP_ACCOUNT = (
    "id", "name", "system_id", "ip_list", "senders", "lane", "max_binds", "rate", "window", "answers",
    "client_certificates", "enabled", "created_at", "updated_at",
)  # fmt: skip
_KEYWORD = ("id", "keyword", "answer", "group_id", "grants_consent", "enabled", "created_at", "updated_at")
_ROUTE = (
    "id", "carrier_id", "prefix", "network", "account_id", "lane", "priority", "share", "by_cost",
    "enabled",
)  # fmt: skip


def sender_id(row: SenderId) -> View:
    return {name: getattr(row, name) for name in _SENDER_ID}


def carrier(row: Carrier) -> View:
    """Without the password and the other secrets, which are never shown."""
    is_smpp = row.kind == SMPP
    return {name: getattr(row, name) if is_smpp or name not in _OF_SMPP else None for name in _CARRIER}


def carrier_process(row: Any) -> View:
    return {"instance_id": row.instance_id, **row.state}


def unread_delivery(row: Any) -> View:
    return {"id": row.id, "received_at": row.received_at, "reason": row.reason, "pdu": bytes(row.frame).hex()}


def route(row: Route) -> View:
    return {name: getattr(row, name) for name in _ROUTE}


def sms_keyword(row: SmsKeyword) -> View:
    shown = {name: getattr(row, name) for name in _KEYWORD}
    return {**shown, "match": KeywordMatch(row.match), "number": row.number or None}


def smpp_account(row: SmppAccount, waiting: int) -> View:
    return {**{name: getattr(row, name) for name in _SMPP_ACCOUNT}, "lane": Lane(row.lane), "waiting": waiting}


def smpp_bind(row: SmppBind) -> View:
    state = row.state
    times = {name: state[name] and datetime.fromisoformat(state[name]) for name in ("bound_at", "last_error_at")}
    return {**state, **times, "id": row.id}


def refused_bind(told: dict[str, Any] | None) -> View | None:
    return told and {**told, "at": datetime.fromisoformat(told["at"])}
