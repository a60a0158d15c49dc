"""What is shown of a row: dictionaries that fit the schemas of `contracts.identity`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from identity.exceptions import invalid_field
from identity.models import Account, ApiKey, AuditEntry, Plan, Role, User
from identity.models import Session as LogIn

View = dict[str, Any]


def plan(row: Plan) -> View:
    return {
        "code": row.code,
        "name": row.name,
        "sms": row.sms,
        "email": row.email,
        "contacts": row.contacts,
        "retention_days": row.retention_days,
        "features": row.features,
        "price": {"amount": row.price_amount, "currency": row.price_currency},
        "period_days": row.period_days,
        "ends_after_days": row.ends_after_days,
    }


def account(row: Account, its_plan: Plan) -> View:
    return {
        "account_id": row.id,
        "name": row.name,
        "state": row.state,
        "time_zone": row.time_zone,
        "default_region": row.default_region,
        "language": row.language,
        "company": row.company,
        "plan": plan(its_plan),
        "plan_started_at": row.plan_started_at,
        "plan_ends_at": row.plan_ends_at,
        "created_at": row.created_at,
    }


def user(row: User, roles: Sequence[Role]) -> View:
    return {
        "id": row.id,
        "login": row.login,
        "email": row.email,
        "name": row.name,
        "state": row.state,
        "is_owner": row.is_owner,
        "permissions": row.permissions,
        "roles": [role.id for role in roles],
        "second_factor": row.totp_confirmed_at is not None,
        "created_at": row.created_at,
    }


def me(row: User, its_account: Account, permissions: Sequence[str]) -> View:
    return {
        "id": row.id,
        "account_id": row.account_id,
        "account_name": its_account.name,
        "login": row.login,
        "email": row.email,
        "name": row.name,
        "language": row.language,
        "is_owner": row.is_owner,
        "permissions": list(permissions),
        "second_factor": row.totp_confirmed_at is not None,
        "created_at": row.created_at,
    }


def session(row: LogIn, current_id: UUID | None) -> View:
    return {
        "id": row.id,
        "device": row.device,
        "address": row.address,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "expires_at": row.expires_at,
        "current": row.id == current_id,
    }


def api_key(row: ApiKey) -> View:
    return {
        "id": row.id,
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "ip_list": row.ip_list,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
        "created_at": row.created_at,
        "created_by": row.user_id,
    }


def role(row: Role) -> View:
    return {"id": row.id, "name": row.name, "permissions": row.permissions, "created_at": row.created_at}


def audit_entry(row: AuditEntry, login: str | None) -> View:
    return {
        "id": row.id,
        "at": row.at,
        "account_id": row.account_id,
        "action": row.action,
        "user_id": row.user_id,
        "login": login,
        "api_key_id": row.api_key_id,
        "operator_id": row.operator_id,
        "target_id": row.target_id,
        "address": row.address,
        "request_id": row.request_id,
        "reason": row.reason,
        "details": row.details,
    }


def page(rows: Sequence[Any], limit: int, show: Callable[[Any], View], key: str = "id") -> View:
    """One page; `rows` holds one more than `limit` when there are more. The cursor is the last id shown."""
    shown = [show(row) for row in rows[:limit]]
    return {"items": shown, "next_cursor": shown[-1][key].hex if len(rows) > limit else None}


def cursor_id(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for; raises `Invalid` for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        return UUID(hex=cursor)
    except ValueError:
        raise invalid_field("cursor", "cursor.invalid", "Not a cursor of this list.") from None
