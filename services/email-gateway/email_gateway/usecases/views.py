"""How stored rows look to the outside: dictionaries that fit the schemas of `contracts.email_gateway`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from contracts.vocabulary import MessageState
from email_gateway.domain.alignment import AlignmentWarning
from email_gateway.domain.dns_records import DnsRecord, Key, Names, advice, dns_records
from email_gateway.domain.senders import LOST_GRACE, sandbox_address
from email_gateway.domain.smtp_logins import username_of
from email_gateway.models import IpAddress, IpPool, MailRoute, SenderAddress, SenderDomain, SmtpAccount, SmtpBlocked
from email_gateway.usecases.ports import Tools

View = dict[str, Any]


def records_of(tools: Tools, found: SenderDomain) -> list[DnsRecord]:
    return dns_records(
        found.domain,
        names=Names(found.return_path_label, found.link_label),
        ownership_token=found.ownership_token,
        keys=[Key(key.selector, key.record, key.state, key.retired_at) for key in found.keys],
        mail_host=tools.config.mail_host,
        public_host=tools.config.public_host,
    )


def sender_domain(row: SenderDomain, records: Sequence[DnsRecord]) -> View:
    return {
        "id": row.domain_id,
        "account_id": row.account_id,
        "domain": row.domain,
        "state": row.state,
        "records": [_dns_record(row, record) for record in records],
        "link_host": row.link_host,
        "campaigns_stop_at": None if row.lost_at is None else row.lost_at + LOST_GRACE,
        "short_links": row.short_links,
        "created_at": row.created_at,
        "verified_at": row.verified_at,
        "checked_at": row.checked_at,
        "verified_by": row.verified_by,
        "reason": row.reason,
    }


def missing_records(row: SenderDomain, records: Sequence[DnsRecord]) -> list[View]:
    """What the last looks did not find of that the domain needs: for the mail to whoever mends it."""
    lost = [_dns_record(row, each) for each in records if each.required and row.found.get(each.purpose) is False]
    return [
        {**{name: each[name] for name in ("type", "name", "value", "seen")}, "problem": each["problem"]["code"]}
        for each in lost
    ]


def _dns_record(row: SenderDomain, record: DnsRecord) -> View:
    """With what the last look found in its place, and what to do about it."""
    seen = row.seen.get(record.purpose, {})
    values, problem = seen.get("values", []), None
    if record.purpose in row.found:
        is_doubled = seen.get("is_doubled", False)
        problem = advice(record, row.found[record.purpose], values, is_doubled=is_doubled)
    return {
        "purpose": record.purpose.partition(":")[0],
        "type": record.type,
        "name": record.name,
        "value": record.value,
        "required": record.required,
        "keep_until": record.keep_until,
        "found": row.found.get(record.purpose),
        "seen": values,
        "problem": None if problem is None else problem._asdict(),
    }


def sender_address(row: SenderAddress, warning: AlignmentWarning | None, sandbox_domain: str) -> View:
    """:param sandbox_domain: where addresses of accounts on trial are."""
    return {
        "id": row.address_id,
        "email": row.email,
        "name": row.name,
        "state": row.state,
        "warning": None if warning is None else asdict(warning),
        "is_of_trial": row.email == sandbox_address(row.account_id, sandbox_domain),
        "created_at": row.created_at,
    }


def mail_route(row: MailRoute) -> View:
    return {
        "id": row.route_id,
        "pattern": row.pattern,
        "kind": row.kind,
        "host": row.host,
        "port": row.port,
        "tls": row.tls,
        "username": row.username,
        "connections": row.connections,
        "created_at": row.created_at,
    }


def ip_address(row: IpAddress, *, limit: int | None, taken: int) -> View:
    return {
        "id": row.address_id,
        "address": row.address,
        "ehlo_name": row.ehlo_name,
        "is_named": row.is_named,
        "found": row.found,
        "checked_at": row.checked_at,
        "limit_today": limit,
        "taken_today": taken,
        "created_at": row.created_at,
    }


def ip_pool(row: IpPool, *, addresses: Sequence[View], pauses: Sequence[View], accounts: int) -> View:
    return {
        "id": row.pool_id,
        "name": row.name,
        "kind": row.kind,
        "is_paused": row.is_paused,
        "addresses": addresses,
        "pauses": pauses,
        "accounts": accounts,
        "created_at": row.created_at,
    }


def email(row: Any) -> View:
    """A row of the ledger."""
    return {
        "id": row.message_id,
        "to": row.address,
        "state": MessageState(row.state),
        "code": row.code or None,
        "detail": row.detail or None,
        "attempts": row.attempts,
        "external_id": row.external_id,
        "updated_at": row.updated_at,
    }


def smtp_account(row: SmtpAccount) -> View:
    return {
        "id": row.smtp_account_id,
        "name": row.name,
        "username": username_of(row.smtp_account_id),
        "ip_list": row.ip_list,
        "messages_a_minute": row.messages_a_minute,
        "is_active": row.is_active,
        "tracks_clicks": row.tracks_clicks,
        "tracks_opens": row.tracks_opens,
        "last_used_at": row.last_used_at,
        "created_at": row.created_at,
    }


def blocked_address(row: SmtpBlocked) -> View:
    return {"id": row.blocked_id, "email": row.address, "created_at": row.created_at}
