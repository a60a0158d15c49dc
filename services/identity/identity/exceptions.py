"""What can go wrong in identity, in the words of the domain, each made in one place."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.errors import (
    Conflict,
    Forbidden,
    NotFound,
    PlanLimit,
    TooManyRequests,
    Unauthenticated,
)

BUSY = "session.busy"


def login_taken() -> Conflict:
    return Conflict(
        "login.taken",
        "This login is taken.",
        None,
        [{"field": "login", "code": "login.taken", "detail": "It is taken."}],
    )


def account_name_taken() -> Conflict:
    return Conflict(
        "account_name.taken",
        "This account name is taken.",
        None,
        [{"field": "account_name", "code": "account_name.taken", "detail": "It is taken."}],
    )


def wrong_credentials() -> Unauthenticated:
    """The same for a login that does not exist, a wrong password and a blocked user."""
    return Unauthenticated("session.wrong_credentials", "The login or the password is wrong.")


def totp_required() -> Unauthenticated:
    return Unauthenticated("session.totp_required", "A code of the second factor is needed.")


def totp_wrong() -> Unauthenticated:
    return Unauthenticated("session.totp_wrong", "The code is wrong or has been used.")


def password_change_required() -> Unauthenticated:
    return Unauthenticated("session.password_change_required", "Choose a new password: send `new_password` too.")


def session_invalid() -> Unauthenticated:
    return Unauthenticated("session.invalid", "The token is not valid or has expired.")


def refresh_reused() -> Unauthenticated:
    return Unauthenticated("session.refresh_reused", "The refresh token was used before; the session has been ended.")


def too_many_attempts(retry_after: int) -> TooManyRequests:
    return TooManyRequests("session.too_many_attempts", "Too many attempts; wait.", {"retry_after": retry_after})


def busy() -> TooManyRequests:
    return TooManyRequests(BUSY, "Too many passwords are being looked at; try again.", {"retry_after": 1})


def quota_exhausted(feature: str, limit: int | None, remaining: int) -> PlanLimit:
    return PlanLimit(
        "quota.exhausted",
        f"The plan's quota for {feature} does not allow this.",
        {"feature": feature, "limit": limit, "remaining": remaining},
    )


def plan_ended(feature: str, plan: str) -> PlanLimit:
    return PlanLimit("plan.ended", "The plan has ended.", {"feature": feature, "plan": plan})


def feature_missing(feature: str, plan: str) -> PlanLimit:
    return PlanLimit("plan.feature_missing", f"The plan has no {feature}.", {"feature": feature, "plan": plan})


def account_inactive(state: str) -> Forbidden:
    return Forbidden("account.inactive", "The account is being closed or has been closed.", {"state": state})


def session_required() -> Forbidden:
    return Forbidden("session.required", "This is done in a logged-in session, not with an API key.")


def address_not_allowed() -> Forbidden:
    """For who has shown the right secrets: the panel's list keeps people out, and says so to nobody else."""
    return Forbidden(
        "address.not_allowed",
        "The account's IP rules let nobody in from this address. Use one of the allowed addresses, or write to the"
        " operator of the platform, who can reset the rules.",
    )


def proof_required() -> Forbidden:
    return Forbidden(
        "session.proof_required",
        "Your log-in is over ten minutes old: prove once more that it is you, by the password or a code"
        " (POST /v1/sessions/current/proof), and try again.",
    )


def owner_protected() -> Forbidden:
    return Forbidden("user.owner_protected", "The owner's account changes only by the owner or by an operator.")


def own_rights() -> Forbidden:
    return Forbidden("user.own_rights", "Nobody changes the rights or the state of their own user.")


def scopes_beyond_rights(scopes: Sequence[str]) -> Forbidden:
    return Forbidden(
        "api_key.scopes_beyond_rights",
        "A key cannot hold what its maker does not.",
        {"permission": scopes[0], "permissions": list(scopes)},
    )


def beyond_its_maker(field: str) -> Forbidden:
    return Forbidden(
        "api_key.beyond_its_maker",
        "A key that a key makes neither outlives it nor works from more addresses.",
        None,
        [{"field": field, "code": "api_key.beyond_its_maker", "detail": "It goes beyond that of the key that asks."}],
    )


def key_of_another() -> Forbidden:
    return Forbidden(
        "api_key.not_made_by_it",
        "A key revokes itself and those that it made; a person revokes any in a logged-in session.",
    )


def key_rotated() -> Conflict:
    return Conflict(
        "api_key.rotated",
        "The key has been rotated already, and works until its `expires_at`. Use the one that was made then; if that"
        " answer was lost, revoke the one that it held and create another.",
    )


def would_lock_out(field: str) -> Conflict:
    return Conflict(
        "ip_rules.would_lock_out",
        "These rules would lock out the address that sets them.",
        None,
        [{"field": field, "code": "ip_rules.would_lock_out", "detail": "Your own address is not among them."}],
    )


def vat_number_fixed() -> Conflict:
    return Conflict("account.vat_number_fixed", "The VAT number, once set, changes only by an operator.")


def plan_in_use(fields: Sequence[str]) -> Conflict:
    return Conflict(
        "plan.in_use",
        "Accounts are on this plan: make another one for other periods or prices, and take this one off the list.",
        None,
        [{"field": field, "code": "plan.in_use", "detail": "It stays while the plan is in use."} for field in fields],
    )


def plan_code_taken() -> Conflict:
    return Conflict(
        "plan.code_taken",
        "There is a plan of this code.",
        None,
        [{"field": "code", "code": "plan.code_taken", "detail": "It is taken."}],
    )


def seller_missing() -> Conflict:
    return Conflict(
        "invoice.seller_missing",
        "This installation does not say who sells: set INVOICE_SELLER_NAME, INVOICE_SELLER_ADDRESS and"
        " INVOICE_SELLER_VAT_NUMBER.",
    )


def buyer_incomplete() -> Conflict:
    return Conflict(
        "invoice.buyer_incomplete",
        "The account's company has no name or no address.",
        None,
        [
            {"field": f"company.{field}", "code": "invoice.buyer_incomplete", "detail": "An invoice needs it."}
            for field in ("name", "address")
        ],
    )


def vat_number_unchecked() -> Conflict:
    return Conflict(
        "invoice.vat_number_unchecked",
        "Another country's VAT number means no VAT: look it up, and set it as an operator to say that it is right.",
    )


def invoice_cancelled() -> Conflict:
    return Conflict("invoice.cancelled", "The invoice has been cancelled.")


def conflict(code: str, detail: str) -> Conflict:
    return Conflict(code, detail)


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")
