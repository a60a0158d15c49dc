"""The closed set of error kinds that cross the wire, each with an open set of slugs.

A service raises `Conflict("campaign.already_sent", "The campaign has been sent.", {"campaign_id": "…"})`; the RPC layer
carries the class's name and its JSON-safe positional arguments; the caller gets the same exception. The gateway alone
turns a kind into an HTTP status.
"""

from __future__ import annotations

import json
from typing import Any, NotRequired, TypedDict


class FieldError(TypedDict):
    """One offending field: `recipients.3.phone`, a stable slug, a sentence for a person, and the facts in it.

    A service names a field as its request's schema does, or by a name that the schema declares (`Schema.also_named`);
    the gateway tells the client the name that the client sent.
    """

    field: str
    code: str
    detail: str
    parameters: NotRequired[dict[str, Any]]  # `{"min": 12}`: what a text in another language needs


class WiciError(Exception):
    """Base of every error that a service raises on purpose.

    :param code: stable slug, `noun.what_is_wrong`, part of the public contract.
    :param detail: a sentence for a person; never holds a secret or an address.
    :param extra: JSON-safe facts about the error, such as ids, limits or `retry_after` in seconds.
    :param errors: the offending fields, where there are any.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        extra: dict[str, Any] | str | None = None,
        errors: list[FieldError] | str | None = None,
    ) -> None:
        # Positional arguments are all that crosses the wire, and Nameko turns every number and None in them into text;
        # so what is not text travels as JSON text, and is read back here.
        self.code = code
        self.detail = detail
        self.extra: dict[str, Any] = (json.loads(extra) if isinstance(extra, str) else extra) or {}
        self.errors: list[FieldError] = (json.loads(errors) if isinstance(errors, str) else errors) or []
        super().__init__(code, detail, json.dumps(self.extra), json.dumps(self.errors))

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class Unreadable(WiciError):
    """The request cannot be parsed at all: broken JSON, wrong encoding."""


class Unauthenticated(WiciError):
    """Nobody is logged in, or what was presented is wrong or has expired."""


class PlanLimit(WiciError):
    """The plan lacks the feature (`plan.feature_missing`) or its quota is used up (`quota.exhausted`)."""


class Forbidden(WiciError):
    """The caller is known and may not do this; `extra["permission"]` names what is missing."""


class NotFound(WiciError):
    """There is no such thing in the caller's account."""


class Conflict(WiciError):
    """The thing exists and its present state does not allow this."""


class PreconditionFailed(WiciError):
    """The thing is not what the caller saw (`If-Match`); `extra["etag"]` is what it is now."""


class TooLarge(WiciError):
    """The body, file or list is over its limit; `extra["limit"]` says which."""


class Unsupported(WiciError):
    """The media type or file type is not one that is understood."""


class Invalid(WiciError):
    """Readable, and wrong: `errors` names every offending field."""

    @classmethod
    def of_field(
        cls, field: str, code: str, detail: str, extra: dict[str, Any] | None = None, **parameters: Any
    ) -> Invalid:
        """A request with one offending field; `parameters` are the facts in `detail`."""
        error: FieldError = {"field": field, "code": code, "detail": detail}
        if parameters:
            error["parameters"] = parameters
        return cls("request.invalid", "Some fields are not valid.", extra, [error])


class TooManyRequests(WiciError):
    """Over a rate limit or locked for a while; `extra["retry_after"]` in seconds."""


class Unavailable(WiciError):
    """A part that is needed does not answer in time; trying again later is right."""


KINDS: dict[str, type[WiciError]] = {
    kind.__name__: kind
    for kind in (
        Unreadable,
        Unauthenticated,
        PlanLimit,
        Forbidden,
        NotFound,
        Conflict,
        PreconditionFailed,
        TooLarge,
        Unsupported,
        Invalid,
        TooManyRequests,
        Unavailable,
    )
}


def account_required() -> Forbidden:
    """For an operator, and for whoever has no account."""
    return Forbidden("account.required", "Only an account's user or key may do this.")


def actor_unverified() -> Forbidden:
    """A call whose actor nobody has sealed who may (`chassis.seals`); no client of the gateway ever makes one."""
    return Forbidden("actor.unverified", "Nobody vouches for who asks.")


ACCOUNT_SUSPENDED = "account.suspended"


def account_suspended() -> Forbidden:
    """For all that an account wants while an operator has stopped it."""
    return Forbidden(
        ACCOUNT_SUSPENDED,
        "The operator of this platform has suspended the account: nothing of it is sent, and nobody works in it."
        " Write to the operator.",
    )


def on_trial(recipients: int) -> Forbidden:
    """For an account on trial that sends to `recipients` addresses which it has not proved."""
    return Forbidden(
        "account.on_trial",
        "On trial an account sends only to addresses that it has proved: e-mail addresses that its users have"
        " confirmed, and confirmed trial numbers. An operator ends the trial.",
        {"recipients": recipients},
    )


def operator_required() -> Forbidden:
    return Forbidden("operator.required", "Only an operator may do this.")
