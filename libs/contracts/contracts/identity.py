"""What others may ask of identity: accounts, users, sessions, keys, plans and quotas, operators, audit.

Rules that need the database or a list (a login that is taken, a common password) are the service's; shape is here.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of

NAME_RULE = validate.Regexp(
    r"\A[a-z0-9]{5,20}\Z", error="Not a valid name: 5 to 20 characters, lower-case letters and digits only."
)
TOTP_CODE = validate.Regexp(r"\A[0-9]{6}\Z", error="Not a valid code: six digits.")
# PostgreSQL's text holds neither NUL nor half of a surrogate pair.
PLAIN = validate.Regexp(r"\A[^\x00\ud800-\udfff]*\Z", error="Not a valid text: it holds characters that are no text.")
SHA256_HEX = validate.Regexp(r"\A[0-9a-f]{64}\Z", error="Not a valid token.")
FEATURES = ("sms", "email")
LANGUAGES = ("pl", "en")


def _password(**rules: Any) -> fields.String:
    # The least length is the service's rule, so that a log-in with a short password is merely a wrong one.
    return fields.String(required=True, validate=[validate.Length(min=1, max=256), PLAIN], load_only=True, **rules)


def _text(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), PLAIN], **rules)


def _email() -> fields.Email:
    return fields.Email(required=True, validate=validate.Length(max=254))


class Empty(Schema):
    """No payload, or no answer."""


# --- Accounts


class AccountCreate(Schema):
    """Register an account and its owner (A1)."""

    login = fields.String(required=True, validate=NAME_RULE)
    email = _email()
    password = _password()
    account_name = fields.String(required=True, validate=NAME_RULE)
    accept_terms = fields.Boolean(required=True, truthy={True}, falsy={False})
    language = fields.String(load_default="pl", validate=validate.OneOf(LANGUAGES))


class AccountRegistration(Schema):
    account_id = fields.UUID()
    user_id = fields.UUID()
    account_name = fields.String()
    login = fields.String()
    plan = fields.String()


class Money(Schema):
    amount = fields.Integer()
    currency = fields.String()


class Plan(Schema):
    """A plan; a limit of null is no limit. Quotas are for one period of `period_days`."""

    code = fields.String()
    name = fields.String()
    sms = fields.Integer(allow_none=True)
    email = fields.Integer(allow_none=True)
    contacts = fields.Integer(allow_none=True)
    retention_days = fields.Integer()
    features = fields.List(fields.String())
    price = fields.Nested(Money)
    period_days = fields.Integer()
    ends_after_days = fields.Integer(allow_none=True)


class Company(Schema):
    """Company data (A6); the Polish VAT number (NIP) is checked, and once set changes only by an operator."""

    name = _text(200)
    address = _text(500)
    email = fields.Email(validate=validate.Length(max=254))
    phone = _text(32)
    site = _text(200)
    vat_number = _text(20)


class Account(Schema):
    account_id = fields.UUID()
    name = fields.String()
    state = fields.String()
    time_zone = fields.String()
    default_region = fields.String()
    language = fields.String()
    company = fields.Nested(Company)
    plan = fields.Nested(Plan)
    plan_started_at = fields.AwareDateTime()
    plan_ends_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class AccountUpdate(Schema):
    time_zone = _text(64, minimum=1)
    default_region = fields.String(validate=validate.Regexp(r"\A[A-Z]{2}\Z", error="Not a valid region: PL, DE, …"))
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    company = fields.Nested(Company)


# --- Sessions


class SessionCreate(Schema):
    """Log in. `device` is a name to know the session by; `device_token` came from an earlier, trusted log-in."""

    login = _text(254, required=True, minimum=1)
    password = _password()
    totp = _text(20, load_default=None, allow_none=True)
    device = _text(100, load_default=None, allow_none=True)
    device_token = _text(200, load_default=None, allow_none=True)
    trust_device = fields.Boolean(load_default=False)


class SessionTokens(Schema):
    """`expires_in` is the access token's life in seconds; `device_token` is there where the device is now trusted."""

    session_id = fields.UUID()
    access_token = fields.String()
    refresh_token = fields.String()
    token_type = fields.Constant("Bearer")
    expires_in = fields.Integer()
    device_token = fields.String(allow_none=True)


class SessionRefresh(Schema):
    refresh_token = _text(200, required=True, minimum=1)


class Session(Schema):
    id = fields.UUID()
    device = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    last_used_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    current = fields.Boolean()


class SessionId(Schema):
    """`current` names the session that asks."""

    session_id = _text(36, required=True, minimum=1)


class Authenticate(Schema):
    """`token` is the SHA-256, in hex, of the bearer token or API key."""

    token = fields.String(required=True, validate=SHA256_HEX)


class IpRules(Schema):
    """Addresses and networks (IPv4, IPv6, CIDR) that may use the account; an empty list is no limit."""

    panel = fields.List(_text(50), required=True, validate=validate.Length(max=200))
    api = fields.List(_text(50), required=True, validate=validate.Length(max=200))


class Principal(Schema):
    """Who a token belongs to, and what it may do."""

    account_id = fields.UUID(allow_none=True)
    user_id = fields.UUID(allow_none=True)
    session_id = fields.UUID(allow_none=True)
    api_key_id = fields.UUID(allow_none=True)
    operator_id = fields.UUID(allow_none=True)
    permissions = fields.List(fields.String())
    kind = fields.String(validate=validate.OneOf(("session", "api_key", "operator")))
    expires_at = fields.AwareDateTime(allow_none=True)
    ip_rules = fields.Nested(IpRules)
    key_ip_list = fields.List(fields.String())


class Authenticated(Schema):
    principal = fields.Nested(Principal)


# --- Users and their rights


class Me(Schema):
    id = fields.UUID()
    account_id = fields.UUID()
    account_name = fields.String()
    login = fields.String()
    email = fields.String()
    name = fields.String()
    language = fields.String()
    is_owner = fields.Boolean()
    permissions = fields.List(fields.String())
    second_factor = fields.Boolean()
    created_at = fields.AwareDateTime()


class MeUpdate(Schema):
    name = _text(100)
    language = fields.String(validate=validate.OneOf(LANGUAGES))


class PasswordChange(Schema):
    old_password = _password()
    new_password = _password()


class User(Schema):
    id = fields.UUID()
    login = fields.String()
    email = fields.String()
    name = fields.String()
    state = fields.String()
    is_owner = fields.Boolean()
    permissions = fields.List(fields.String())
    roles = fields.List(fields.UUID())
    second_factor = fields.Boolean()
    created_at = fields.AwareDateTime()


class Rights(Schema):
    """Permissions given one by one, and roles."""

    permissions = fields.List(_text(60), required=True, validate=validate.Length(max=100))
    roles = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=50))


class UserCreate(Schema):
    login = fields.String(required=True, validate=NAME_RULE)
    email = _email()
    name = _text(100, load_default="")
    password = _password()
    permissions = fields.List(_text(60), load_default=list, validate=validate.Length(max=100))
    roles = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=50))


class UserUpdate(Schema):
    name = _text(100)
    state = fields.String(validate=validate.OneOf(("active", "blocked")))


class UserId(Schema):
    user_id = fields.UUID(required=True)


class UserUpdateById(UserUpdate, UserId):
    pass


class RightsOfUser(Rights, UserId):
    pass


class Permission(Schema):
    name = fields.String()
    summary = fields.String()
    session_only = fields.Boolean()


class PermissionList(Schema):
    items = fields.List(fields.Nested(Permission))


# --- API keys


class ApiKeyCreate(Schema):
    name = _text(100, required=True, minimum=1)
    scopes = fields.List(_text(60), required=True, validate=validate.Length(min=1, max=100))
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)
    ip_list = fields.List(_text(50), load_default=list, validate=validate.Length(max=200))


class ApiKey(Schema):
    id = fields.UUID()
    name = fields.String()
    prefix = fields.String()
    scopes = fields.List(fields.String())
    ip_list = fields.List(fields.String())
    expires_at = fields.AwareDateTime(allow_none=True)
    last_used_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()
    created_by = fields.UUID()


class NewApiKey(ApiKey):
    """`key` is shown this once; only its hash is kept."""

    key = fields.String()


class ApiKeyId(Schema):
    api_key_id = fields.UUID(required=True)


# --- Plans and quotas


class QuotaReserve(Schema):
    """Idempotent by `reservation_id`: the same id with another amount adjusts the reservation to it."""

    reservation_id = fields.UUID(required=True)
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES))
    amount = fields.Integer(required=True, validate=validate.Range(min=0, max=10**12))


class QuotaReserved(Schema):
    reserved = fields.Integer()
    remaining = fields.Integer(allow_none=True)


class QuotaUse(Schema):
    """`amount` is the absolute total that the reservation has used; it never decreases."""

    reservation_id = fields.UUID(required=True)
    amount = fields.Integer(required=True, validate=validate.Range(min=0, max=10**12))


class QuotaUsed(Schema):
    used = fields.Integer()
    reserved = fields.Integer()


class QuotaRelease(Schema):
    reservation_id = fields.UUID(required=True)


class QuotaReleased(Schema):
    released = fields.Integer()


class LimitQuery(Schema):
    """`contacts`, or an add-on of plans: `attachments`, `rcs`, `dedicated_ip`, `priority_lane`."""

    feature = fields.String(required=True)


class Limit(Schema):
    limit = fields.Integer(allow_none=True)


class FeatureUsage(Schema):
    feature = fields.String()
    limit = fields.Integer(allow_none=True)
    used = fields.Integer()
    reserved = fields.Integer()
    remaining = fields.Integer(allow_none=True)
    period_starts_at = fields.AwareDateTime()
    period_ends_at = fields.AwareDateTime()


class Usage(Schema):
    plan = fields.Nested(Plan)
    plan_ends_at = fields.AwareDateTime(allow_none=True)
    features = fields.List(fields.Nested(FeatureUsage))


class PlanList(Schema):
    items = fields.List(fields.Nested(Plan))


# --- Operators


class OperatorSessionCreate(Schema):
    """An operator's log-in always needs a code; the one-time password is replaced at the first log-in."""

    login = _text(254, required=True, minimum=1)
    password = _password()
    totp = fields.String(required=True, validate=TOTP_CODE)
    new_password = fields.String(load_default=None, validate=[validate.Length(min=1, max=256), PLAIN], load_only=True)


class AccountQuery(PageQuery):
    name = _text(20, load_default=None, allow_none=True)
    plan = _text(40, load_default=None, allow_none=True)


class OperatedAccount(Schema):
    account_id = fields.UUID(required=True)


class Reason(Schema):
    reason = _text(500, required=True, minimum=3)


class PlanChange(Reason):
    plan = _text(40, required=True, minimum=1)


class PlanChangeOfAccount(PlanChange, OperatedAccount):
    pass


# --- Audit


class AuditEntry(Schema):
    id = fields.UUID()
    at = fields.AwareDateTime()
    action = fields.String()
    user_id = fields.UUID(allow_none=True)
    api_key_id = fields.UUID(allow_none=True)
    operator_id = fields.UUID(allow_none=True)
    target_id = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    request_id = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    details = fields.Dict(keys=fields.String())


class AuditQuery(PageQuery):
    action = _text(60, load_default=None, allow_none=True)
    user_id = fields.UUID(load_default=None, allow_none=True)
    since = fields.AwareDateTime(load_default=None, allow_none=True)
    until = fields.AwareDateTime(load_default=None, allow_none=True)


AccountPage = page_of(Account)
ApiKeyPage = page_of(ApiKey)
AuditPage = page_of(AuditEntry)
SessionPage = page_of(Session)
UserPage = page_of(User)

RPC: dict[str, Call] = {
    "register_account": Call(AccountCreate, AccountRegistration),
    "get_account": Call(Empty, Account),
    "update_account": Call(AccountUpdate, Account),
    "get_usage": Call(Empty, Usage),
    "list_plans": Call(Empty, PlanList),
    "create_session": Call(SessionCreate, SessionTokens),
    "refresh_session": Call(SessionRefresh, SessionTokens),
    "list_sessions": Call(PageQuery, SessionPage),
    "end_session": Call(SessionId, Empty),
    "authenticate": Call(Authenticate, Authenticated),
    "get_me": Call(Empty, Me),
    "update_me": Call(MeUpdate, Me),
    "change_password": Call(PasswordChange, Empty),
    "list_permissions": Call(Empty, PermissionList),
    "list_users": Call(PageQuery, UserPage),
    "create_user": Call(UserCreate, User),
    "get_user": Call(UserId, User),
    "update_user": Call(UserUpdateById, User),
    "delete_user": Call(UserId, Empty),
    "set_rights": Call(RightsOfUser, User),
    "list_api_keys": Call(PageQuery, ApiKeyPage),
    "create_api_key": Call(ApiKeyCreate, NewApiKey),
    "revoke_api_key": Call(ApiKeyId, Empty),
    "reserve_quota": Call(QuotaReserve, QuotaReserved),
    "use_quota": Call(QuotaUse, QuotaUsed),
    "release_quota": Call(QuotaRelease, QuotaReleased),
    "check_limit": Call(LimitQuery, Limit),
    "create_operator_session": Call(OperatorSessionCreate, SessionTokens),
    "list_accounts": Call(AccountQuery, AccountPage),
    "get_operated_account": Call(OperatedAccount, Account),
    "set_plan": Call(PlanChangeOfAccount, Account),
    "list_audit_entries": Call(AuditQuery, AuditPage),
}
