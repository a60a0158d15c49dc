"""What can go wrong, in the words of the trade; each is one of the contract's kinds of error."""

from __future__ import annotations

from datetime import timedelta

from contracts.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    PlanLimit,
    TooManyRequests,
    Unauthenticated,
)


def domain_not_found() -> NotFound:
    return NotFound("sender_domain.not_found", "There is no such sender domain.")


def domain_invalid() -> Invalid:
    return Invalid.of_field("domain", "domain.invalid", "Not a valid domain name.")


def domain_exists() -> Conflict:
    return Conflict("sender_domain.exists", "This domain is on the list already.")


def address_not_found() -> NotFound:
    return NotFound("sender_address.not_found", "There is no such sender address.")


def address_exists() -> Conflict:
    return Conflict("sender_address.exists", "This address is on the list already.")


def address_verified() -> Conflict:
    return Conflict("sender_address.verified", "This address is verified already.")


def address_of_trial() -> Conflict:
    return Conflict("sender_address.of_trial", "This address is the trial's, and goes with it.")


def wrong_code(tries_left: int) -> Invalid:
    return Invalid(
        "sender_address.wrong_code",
        "The code is wrong or has expired.",
        {"tries_left": tries_left},
        [{"field": "code", "code": "sender_address.wrong_code", "detail": "The code is wrong or has expired."}],
    )


def too_many_codes(period: timedelta) -> TooManyRequests:
    return TooManyRequests(
        "sender_address.too_many_codes",
        "Enough codes were mailed for today; verify the domain instead, or come back tomorrow.",
        {"retry_after": int(period.total_seconds())},
    )


def sender_not_authorised(field: str) -> Forbidden:
    """Nothing leaves from an unauthorised sender (product row E1)."""
    return Forbidden(
        "email.sender_not_authorised",
        "Verify the sender's domain or address first.",
        None,
        [{"field": field, "code": "email.sender_not_authorised", "detail": "This sender is not verified."}],
    )


def sender_lost_records(field: str) -> Forbidden:
    detail = "DNS records of the sender's domain are gone: put them back, and have it checked."
    return Forbidden(
        "email.sender_records_lost", detail, None,
        [{"field": field, "code": "email.sender_records_lost", "detail": detail}],
    )  # fmt: skip


def keys_wait() -> Conflict:
    return Conflict("sender_domain.keys_wait", "New keys wait for their records already.")


def address_unaligned(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, None, [{"field": "email", "code": code, "detail": detail}])


def sender_unaligned(field: str) -> Forbidden:
    detail = "The domain of this address has mail that is not its own refused: authorise the domain itself."
    return Forbidden(
        "email.sender_unaligned", detail, None, [{"field": field, "code": "email.sender_unaligned", "detail": detail}]
    )


def name_protected(field: str) -> Forbidden:
    detail = "This name belongs to the police, a bank or an authority: an account on trial does not send under it."
    return Forbidden("sender.protected", detail, None, [{"field": field, "code": "sender.protected", "detail": detail}])


def too_many_domains(most: int) -> PlanLimit:
    return PlanLimit(
        "sender_domain.too_many", f"An account has no more than {most} sender domains on this plan.", {"limit": most}
    )


def too_many_keys(period: timedelta) -> TooManyRequests:
    return TooManyRequests(
        "sender_domain.too_many_keys",
        "Enough signing keys were made for today; come back tomorrow.",
        {"retry_after": int(period.total_seconds())},
    )


def content_not_found() -> NotFound:
    return NotFound("email.content_not_found", "There is no such content.")


def content_problems(problems: list[FieldError]) -> Invalid:
    return Invalid("request.invalid", "The content cannot be sent as it is.", None, problems)


def template_not_found() -> NotFound:
    return NotFound("template.not_found", "There is no such template for e-mails.")


def no_attachments() -> PlanLimit:
    return PlanLimit("plan.feature_missing", "The plan has no attachments.", {"feature": "attachments"})


def message_not_found() -> NotFound:
    return NotFound("email.not_found", "There is no such e-mail.")


def ip_pool_not_found() -> NotFound:
    return NotFound("ip_pool.not_found", "There is no such pool.")


def ip_address_not_found() -> NotFound:
    return NotFound("ip_address.not_found", "There is no such address in the pool.")


def ip_pool_exists() -> Conflict:
    return Conflict("ip_pool.exists", "There is a pool of this name already.")


def ip_pool_in_use() -> Conflict:
    return Conflict("ip_pool.in_use", "Accounts send from the pool: give them another one first.")


def ip_address_exists() -> Conflict:
    return Conflict("ip_address.exists", "The address is in a pool already.")


def ip_pool_is_full(most: int) -> Conflict:
    return Conflict("ip_pool.full", "The pool has as many addresses as it may.", {"limit": most})


def route_not_found() -> NotFound:
    return NotFound("mail_route.not_found", "There is no such mail route.")


def route_exists() -> Conflict:
    return Conflict("mail_route.exists", "There is a route for this pattern already.")


def smarthost_needs_host() -> Invalid:
    return Invalid(
        "request.invalid",
        "A smarthost needs a host.",
        None,
        [{"field": "host", "code": "mail_route.no_host", "detail": "A smarthost needs a host."}],
    )


def bad_cursor() -> Invalid:
    return Invalid(
        "request.invalid",
        "The cursor is not one of ours.",
        None,
        [{"field": "cursor", "code": "cursor.invalid", "detail": "The cursor is not one of ours."}],
    )


def smtp_account_not_found() -> NotFound:
    return NotFound("smtp_account.not_found", "There is no such SMTP account.")


def blocked_address_not_found() -> NotFound:
    return NotFound("smtp_account.address_not_found", "This address is not blocked.")


def too_many_smtp_accounts(most: int) -> Conflict:
    return Conflict("smtp_account.too_many", f"An account has no more than {most} SMTP accounts.", {"limit": most})


def too_many_blocked(most: int) -> Conflict:
    return Conflict("smtp_account.too_many_blocked", f"No more than {most} addresses are blocked.", {"limit": most})


def bad_network(number: int) -> Invalid:
    detail = "This is no address or network."
    return Invalid(
        "request.invalid", detail, None, [{"field": f"ip_list.{number}", "code": "network.invalid", "detail": detail}]
    )


def smtp_login_refused() -> Unauthenticated:
    """The same for whatever is wrong with it: a stranger learns nothing."""
    return Unauthenticated("smtp_account.refused", "User name or password is not right.")


def too_many_messages(most: int) -> TooManyRequests:
    return TooManyRequests(
        "smtp_account.too_fast", f"This SMTP account sends to {most} recipients a minute.", {"retry_after": 60}
    )


def address_blocked() -> Forbidden:
    return Forbidden("smtp_account.address_blocked", "This address is blocked for the SMTP account.")
