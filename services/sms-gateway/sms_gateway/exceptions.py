"""What can go wrong, in domain words; raised as the contracts' kinds so that it survives the wire."""

from __future__ import annotations

from datetime import timedelta

from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests


def sender_invalid(detail: str) -> Invalid:
    return Invalid("sender.invalid", detail, None, [{"field": "sender", "code": "sender.invalid", "detail": detail}])


def sender_protected() -> Invalid:
    return _sender("sender.protected", "This name is protected: it belongs to the police, a bank or an authority.")


def sender_not_active() -> Invalid:
    return _sender("sender.not_active", "This sender ID is not active for the account.")


def _sender(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, None, [{"field": "sender", "code": code, "detail": detail}])


def template_invalid(detail: str, code: str) -> Invalid:
    return Invalid(code, detail, None, [{"field": "content.text", "code": code, "detail": detail}])


def link_refused(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, None, [{"field": "text", "code": code, "detail": detail}])


def text_too_long() -> Invalid:
    detail = "The text needs more than 255 parts."
    return Invalid("text.too_long", detail, None, [{"field": "text", "code": "text.too_long", "detail": detail}])


def text_empty() -> Invalid:
    detail = "The text is empty."
    return Invalid("text.empty", detail, None, [{"field": "text", "code": "text.empty", "detail": detail}])


LANGUAGE_NOT_TAKEN = "national_language.not_taken"
LANGUAGE_NOT_TAKEN_DETAIL = "No carrier takes the tables of this language."


def language_not_taken() -> Invalid:
    return Invalid.of_field("national_language", LANGUAGE_NOT_TAKEN, LANGUAGE_NOT_TAKEN_DETAIL)


def permission_missing(permission: str) -> Forbidden:
    return Forbidden("permission.missing", f"This needs the permission {permission}.", {"permission": permission})


def tls_invalid(field: str, detail: str) -> Invalid:
    return Invalid.of_field(field, f"carrier.{field}_invalid", detail)


def tls_off() -> Invalid:
    return Invalid.of_field("tls", "carrier.tls_off", "Certificates, a pin or a name are set, and TLS is not on.")


def carrier_incomplete(field: str, kind: str) -> Invalid:
    return Invalid.of_field(field, "carrier.incomplete", f"A carrier of the kind {kind} needs this.", kind=kind)


def carrier_of_other_kind(field: str, kind: str) -> Invalid:
    return Invalid.of_field(
        field, "carrier.other_kind", f"A carrier of the kind {kind} has no such setting.", kind=kind
    )


def http_invalid(field: str, detail: str) -> Invalid:
    return Invalid.of_field(field, "carrier.http_invalid", detail)


def country_not_allowed(number: int) -> Invalid:
    detail = "The account may not send to this country."
    return Invalid.of_field(f"to.{number}", "country.not_allowed", detail)


def range_dropped(of: str) -> Invalid:
    detail = "Messages to these numbers are not taken: so many went there at once that it looked like SMS pumping."
    return Invalid.of_field("to", "range.dropped", detail, range=of)


def too_many_codes(most: int, within: timedelta, wait: float) -> TooManyRequests:
    detail = f"A number gets at most {most} one-time codes in {within.seconds // 60} minutes."
    return TooManyRequests("code.too_many", detail, {"retry_after": max(1, round(wait))})


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")


def wrong_state(noun: str, state: str) -> Conflict:
    return Conflict(f"{noun}.wrong_state", f"It is {state}: that is not possible now.", {"state": state})
