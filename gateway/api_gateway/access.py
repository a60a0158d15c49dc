"""Who is calling: tokens and keys turned into principals, remembered for a moment, forgotten when access changes."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from werkzeug.datastructures import Authorization

from api_gateway.clients import Services
from contracts.errors import Unauthenticated
from contracts.rpc import Actor

# A token is 43 characters of base64url, perhaps with a prefix; whatever is far longer is nobody's.
MAX_TOKEN = 512
# While the broadcast is not heard, what is remembered is trusted no longer than this.
DEAF_SECONDS = 1.0
MAX_REMEMBERED = 20_000
AUTHENTICATE_DEADLINE = 5.0


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token or key belongs to, as identity tells it."""

    account_id: str | None
    user_id: str | None
    session_id: str | None
    api_key_id: str | None
    operator_id: str | None
    permissions: frozenset[str]
    kind: str  # session, api_key or operator
    expires_at: float  # Unix seconds; infinity for a key without expiry
    ip_lists: tuple[tuple[str, ...], ...] = field(default=())
    second_factor_due: bool = False  # and so nothing is allowed but to set it up

    @classmethod
    def from_wire(cls, principal: dict[str, Any]) -> Principal:
        kind = str(principal.get("kind", "session"))
        rules = principal.get("ip_rules") or {}
        account_list = rules.get("api" if kind == "api_key" else "panel") or ()
        return cls(
            account_id=principal.get("account_id"),
            user_id=principal.get("user_id"),
            session_id=principal.get("session_id"),
            api_key_id=principal.get("api_key_id"),
            operator_id=principal.get("operator_id"),
            permissions=frozenset(principal.get("permissions") or ()),
            kind=kind,
            expires_at=_unix_seconds(principal.get("expires_at")),
            ip_lists=(tuple(account_list), tuple(principal.get("key_ip_list") or ())),
            second_factor_due=bool(principal.get("second_factor_due")),
        )


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization: Bearer …` header; None without the header.

    :raises Unauthenticated: another scheme, or no readable token.
    """
    if authorization is None:
        return None
    sent = Authorization.from_header(authorization)
    token = sent.token if sent is not None and sent.type == "bearer" else None
    if not token or len(token) > MAX_TOKEN or not token.isascii():
        raise Unauthenticated("session.invalid", "Send `Authorization: Bearer TOKEN`.")
    return token


def is_bearer(authorization: str | None) -> bool:
    """Whether the header may hold somebody's token."""
    try:
        return bearer_token(authorization) is not None
    except Unauthenticated:
        return False


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    at: float


_Caller = tuple[str, str]
"""The digest of a token, and the address that it comes from."""


class Access:
    """Authentication with a memory, of each token at each address: identity notes where keys are used.

    :param is_heard: whether the `access_changed` broadcast reaches this process at the moment.
    """

    def __init__(
        self,
        services: Services,
        *,
        is_heard: Callable[[], bool],
        remember_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._is_heard = is_heard
        self._remember_seconds = remember_seconds
        self._clock = clock
        self._remembered: OrderedDict[_Caller, _Remembered] = OrderedDict()
        self._lock = threading.Lock()
        self._generation = 0

    def forget(self, account_id: str | None = None) -> None:
        """Drop what is remembered of an account (and of operators, who have none), or everything.

        What is being asked for at this moment may already be old, so its answer will not be remembered either.
        """
        with self._lock:
            self._generation += 1
            if account_id is None:
                self._remembered.clear()
                return
            for caller in [
                caller for caller, entry in self._remembered.items() if entry.principal.account_id in (account_id, None)
            ]:
                del self._remembered[caller]

    def recall(self, token: str, address: str) -> Principal | None:
        """The principal of a token that was authenticated there a moment ago, without asking anyone."""
        return self._recall((_digest(token), address))

    def authenticate(self, token: str, actor: Actor) -> Principal:
        """The principal of a token.

        :raises Unauthenticated: wrong, ended or expired.
        :raises Unavailable: identity does not answer.
        """
        caller = _digest(token), actor.get("address") or ""
        principal = self._recall(caller)
        if principal is not None:
            return principal
        with self._lock:
            generation = self._generation
        answer = self._services.call(
            "identity.authenticate", actor, {"token": caller[0]}, deadline=AUTHENTICATE_DEADLINE
        )
        principal = Principal.from_wire(answer["principal"])
        self._remember(caller, principal, generation)
        return principal

    def _recall(self, caller: _Caller) -> Principal | None:
        with self._lock:
            entry = self._remembered.get(caller)
        if entry is None:
            return None
        trusted = self._remember_seconds if self._is_heard() else DEAF_SECONDS
        if self._clock() - entry.at > trusted or entry.principal.expires_at <= time.time():
            return None
        return entry.principal

    def _remember(self, caller: _Caller, principal: Principal, generation: int) -> None:
        with self._lock:
            if generation != self._generation:
                return  # Access changed while identity was answering: its answer may be the old one.
            self._remembered[caller] = _Remembered(principal, self._clock())
            self._remembered.move_to_end(caller)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _unix_seconds(moment: Any) -> float:
    if moment is None:
        return float("inf")
    if isinstance(moment, int | float):
        return float(moment)
    return datetime.fromisoformat(str(moment)).timestamp()
