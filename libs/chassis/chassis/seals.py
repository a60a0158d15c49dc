"""The seal on an actor: who asks is believed because of a MAC, and not because a message says so.

`actor["seal"]` is `key:expires:call:MAC`: HMAC-SHA256 over the actor's other fields, the call (`identity.set_plan`) and
the second in which the seal ends, under a key of `WICI_ACTOR_KEYS`. The gateway seals whom it has let in. A service
that asks another on the same actor's behalf seals again, for that call and until the same second, and only whom it was
asked by; a service that asks for itself says so (`service`), and is then neither a user nor an operator.

`WICI_ACTOR_KEYS` is `k2:BASE64,k1:BASE64`, known to the gateway and to the services: the first seals, all verify.
"""

from __future__ import annotations

import hmac
import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from chassis.config import load, setting
from chassis.secrets import key_ring
from contracts.errors import actor_unverified

# Longer than any call's deadline and a clock that goes wrong by a minute.
SEAL_SECONDS = 180
_PEOPLE = ("user_id", "session_id", "api_key_id", "operator_id")


@dataclass(frozen=True, kw_only=True)
class _Keys:
    actor_keys: str = setting("WICI_ACTOR_KEYS", secret=True)


@lru_cache(maxsize=1)
def _ring() -> dict[str, bytes]:
    return key_ring(load(_Keys, os.environ).actor_keys)


def check_keys() -> None:
    """At the start of a process. :raises ConfigError, SecretError: there are no keys, or they are malformed."""
    _ring()


def sealed(actor: Mapping[str, Any], call: str, *, expires: int | None = None) -> dict[str, Any]:
    """The actor with a seal for this call, in place of any that it has."""
    name, key = next(iter(_ring().items()))
    ends = expires or int(time.time()) + SEAL_SECONDS
    bare = {field: value for field, value in actor.items() if field != "seal"}
    return {**bare, "seal": f"{name}:{ends}:{call}:{_mac(key, bare, call, ends)}"}


def passed_on(actor: Mapping[str, Any], call: str) -> dict[str, Any]:
    """The actor as a service hands it to another: the one that it was given, or itself.

    :raises Forbidden: `actor.unverified`: it is neither.
    """
    if actor.get("service"):
        return sealed({field: value for field, value in actor.items() if field not in _PEOPLE}, call)
    return sealed(actor, call, expires=_verified(actor, None))


def verify(actor: Any, call: str) -> None:
    """:raises Forbidden: `actor.unverified`: nobody who holds a key has made this actor for this call, or lately."""
    _verified(actor, call)


def _verified(actor: Any, call: str | None) -> int:
    """Until when the seal holds; `call` is the one that it must be for, None: whichever it was made for."""
    try:
        name, ends, made_for, mac = actor["seal"].split(":")
        expires, key = int(ends), _ring()[name]
    except (KeyError, ValueError, TypeError, AttributeError):
        raise actor_unverified() from None
    bare = {field: value for field, value in actor.items() if field != "seal"}
    is_person_and_service = bare.get("service") and any(bare.get(field) for field in _PEOPLE)
    if not hmac.compare_digest(mac, _mac(key, bare, made_for, expires)) or is_person_and_service:
        raise actor_unverified()
    if expires < time.time() or call not in (None, made_for):
        raise actor_unverified()
    return expires


def _mac(key: bytes, bare: Mapping[str, Any], call: str, expires: int) -> str:
    said = orjson.dumps([call, expires, bare], default=str, option=orjson.OPT_SORT_KEYS)
    return urlsafe_b64encode(hmac.digest(key, said, "sha256")).decode()
