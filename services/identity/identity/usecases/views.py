"""What is shown of a row: dictionaries that fit the schemas of `contracts.identity`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from identity.domain import invoices as rules
from identity.domain import rights
from identity.domain.invoices import Line
from identity.models import (
    Account,
    ApiKey,
    ApiKeyUse,
    AuditEntry,
    Invoice,
    InvoiceDuplicate,
    Plan,
    QuotaPeriod,
    Role,
    TrialNumber,
    User,
)
from identity.models import Session as LogIn

View = dict[str, Any]


def plan(row: Plan) -> View:
    return {
        "code": row.code,
        "name": row.name,
        "sms": row.sms,
        "email": row.email,
        "push": row.push,
        "whatsapp": row.whatsapp,
        "viber": row.viber,
        "rcs": row.rcs,
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
        "state": state_of(row),
        "time_zone": row.time_zone,
        "default_region": row.default_region,
        "language": row.language,
        "company": row.company,
        "plan": plan(its_plan),
        "plan_started_at": row.plan_started_at,
        "plan_ends_at": row.plan_ends_at,
        "created_at": row.created_at,
    }


def state_of(row: Account) -> str:
    """What its holder is told: `trial` is how an account is active that may not send to anybody yet."""
    if row.suspended_at is not None and row.state != "closed":
        return "suspended"
    return "trial" if row.state == "active" and row.on_trial else row.state


def user(row: User, roles: Sequence[Role]) -> View:
    return {
        "id": row.id,
        "login": row.login,
        "email": row.email,
        "email_confirmed": row.email_confirmed_at is not None,
        "name": row.name,
        "state": "invited" if row.state == "active" and row.invited_at is not None else row.state,
        "is_owner": row.is_owner,
        "permissions": row.permissions,
        "roles": [role.id for role in roles],
        "second_factor": row.totp_confirmed_at is not None,
        "created_at": row.created_at,
    }


def me(
    row: User, its_account: Account, usage: View, *, permissions: Sequence[str], allowed: Sequence[str], is_due: bool
) -> View:
    """:param allowed: what whoever asks may do now. :param is_due: a second factor is a duty that is not met."""
    return {
        "id": row.id,
        "account_id": row.account_id,
        "account_name": its_account.name,
        "login": row.login,
        "email": row.email,
        "email_confirmed": row.email_confirmed_at is not None,
        "name": row.name,
        "language": row.language,
        "is_owner": row.is_owner,
        "permissions": list(permissions),
        "allowed": list(allowed),
        "second_factor": row.totp_confirmed_at is not None,
        "second_factor_required": its_account.second_factor_required,
        "second_factor_due": is_due,
        "account_state": state_of(its_account),
        "time_zone": its_account.time_zone,
        "default_region": its_account.default_region,
        "plan": usage["plan"],
        "plan_ends_at": usage["plan_ends_at"],
        "quota": usage["features"],
        "created_at": row.created_at,
    }


def session(row: LogIn, current_id: UUID | None, life: timedelta) -> View:
    return {
        "id": row.id,
        "device": row.device,
        "address": row.address,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "expires_at": row.expires_at,
        "ends_at": row.expires_at if row.user_id is None else row.created_at + life,
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
        "created_by_key": row.made_by,
    }


def api_key_use(row: ApiKeyUse) -> View:
    return {"address": row.address, "last_at": row.last_at}


def trial_number(row: TrialNumber) -> View:
    return {"id": row.id, "phone": row.phone, "confirmed_at": row.confirmed_at, "created_at": row.created_at}


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


def principal(row: Any) -> View:
    """A token's or key's row, with the permissions that hold: a key's within those of its maker."""
    permissions = sorted(set(row["permissions"] or ()))
    if row["api_key_id"]:
        kind, permissions = "api_key", rights.common_rights(row["scopes"], permissions)
    else:
        kind = "operator" if row["operator_id"] else "session"
    return {
        **{key: row[key] for key in ("account_id", "user_id", "session_id", "api_key_id", "operator_id", "expires_at")},
        "kind": kind,
        "permissions": [] if row["lacks_second_factor"] else permissions,
        "second_factor_due": row["lacks_second_factor"],
        "ip_rules": {"panel": row["panel_ip_rules"] or [], "api": row["api_ip_rules"] or []},
        "key_ip_list": row["key_ip_list"],
    }


def operated_plan(row: Plan, accounts: int) -> View:
    return {**plan(row), "position": row.position, "listed": row.listed, "accounts": accounts}


def feature_usage(period: QuotaPeriod) -> View:
    remaining = None if period.limit_units is None else period.limit_units - period.used - period.reserved
    return {**_used(period), "remaining": remaining}


def past_usage(period: QuotaPeriod, plan_code: str | None) -> View:
    return {"id": period.id, "plan": plan_code, **_used(period)}


def _used(period: QuotaPeriod) -> View:
    return {
        "feature": period.feature,
        "limit": period.limit_units,
        "used": period.used,
        "reserved": period.reserved,
        "period_starts_at": period.starts_at,
        "period_ends_at": period.ends_at,
    }


def security_settings(row: Account) -> View:
    return {"second_factor_required": row.second_factor_required, "trusted_device_days": row.trusted_device_days}


def ip_rules(row: Account) -> View:
    return {"panel": row.panel_ip_rules, "api": row.api_ip_rules}


def invoice_summary(row: Invoice, today: date) -> View:
    return {
        "id": row.id,
        "account_id": row.account_id,
        "kind": row.kind,
        "number": row.number,
        "state": rules.state_on(row.state, row.due_on, row.gross_amount, today),
        "issued_on": row.issued_on,
        "sold_on": row.sold_on,
        "due_on": row.due_on,
        "paid_on": row.paid_on,
        "cancelled_on": row.cancelled_on,
        "buyer": row.buyer,
        "net": _money(row, row.net_amount),
        "vat": _money(row, row.vat_amount),
        "gross": _money(row, row.gross_amount),
        "corrects_id": row.corrects_id,
    }


def invoice(
    row: Invoice,
    today: date,
    *,
    corrected: Invoice | None,
    corrections: Sequence[Invoice],
    duplicates: Sequence[InvoiceDuplicate],
) -> View:
    """All of one invoice, with what refers to it."""
    return {
        **invoice_summary(row, today),
        "seller": row.seller,
        "lines": [_line(row, line) for line in row.lines],
        "lines_before": None if row.lines_before is None else [_line(row, line) for line in row.lines_before],
        "vat_rates": [_rate(row, rate) for rate in row.vat_rates],
        "exemption": row.exemption,
        "note": row.note,
        "corrects": corrected and _reference(corrected),
        "corrections": [_reference(each) for each in corrections],
        "duplicates": [duplicate(each) for each in duplicates],
    }


def duplicate(row: InvoiceDuplicate) -> View:
    return {"id": row.id, "issued_on": row.issued_on}


def _reference(row: Invoice) -> View:
    return {"id": row.id, "number": row.number, "issued_on": row.issued_on}


def _money(row: Invoice, amount: int) -> View:
    return {"amount": amount, "currency": row.currency}


def _rate(row: Invoice, rate: Mapping[str, Any]) -> View:
    net, vat = rate["net"], rate["vat"]
    amounts = {"net": _money(row, net), "vat": _money(row, vat), "gross": _money(row, net + vat)}
    return {"vat_rate": rate["vat_rate"], **amounts}


def _line(row: Invoice, stored: Mapping[str, Any]) -> View:
    line = Line(**stored)
    return {
        "description": line.description,
        "quantity": rules.written_quantity(line.quantity),
        "unit": line.unit,
        "unit_net_price": _money(row, line.unit_price),
        "vat_rate": line.vat_rate,
        "net": _money(row, line.net),
    }
