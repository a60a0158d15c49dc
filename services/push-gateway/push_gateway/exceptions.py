"""What can go wrong, in domain words; raised as the contracts' kinds so that it survives the wire."""

from __future__ import annotations

from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")


def application_unknown() -> Invalid:
    return Invalid.of_field("sender", "application.unknown", "The account has no application of this name.")


def application_taken() -> Conflict:
    return Conflict("application.name_taken", "The account has an application of this name.")


def too_many_applications(most: int) -> Conflict:
    return Conflict("application.too_many", f"An account has at most {most} applications.")


def key_invalid(field: str) -> Invalid:
    return Invalid.of_field(field, "application.key_invalid", "This is no private key of the kind that is needed.")


def app_key_unknown() -> NotFound:
    return NotFound("application.not_found", "There is no application with this key.")


def proof_wrong() -> Forbidden:
    return Forbidden("device.proof_wrong", "The proof is not of this application's proof key and this person.")


def token_invalid(detail: str) -> Invalid:
    return Invalid.of_field("token", "device.token_invalid", detail)


def too_many_devices(most: int) -> TooManyRequests:
    detail = f"The application has more than {most} new devices without a contact in an hour."
    return TooManyRequests("device.too_many", detail, {"retry_after": 600})


def keys_invalid() -> Invalid:
    return Invalid.of_field("keys", "device.keys_invalid", "A browser needs the keys of its subscription (RFC 8291).")


def content_invalid(field: str, code: str, detail: str) -> Invalid:
    return Invalid.of_field(field, code, detail)
