"""Whether a request at `/hooks/carriers/{name}` is the carrier's, and what it says."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from api_gateway import addresses, body
from api_gateway.provider_hooks import refused
from contracts.errors import WiciError

SECRET = "secret"
_BODY_DIGEST = "bodySHA256"
_MOST_KEPT = 4_096  # characters of what is neither a form nor JSON

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Told:
    """A request as it came. `url` is the one that the carrier was given, with its query."""

    url: str
    query: Pairs
    media_type: str
    raw: bytes
    address: str
    signature: str

    @property
    def is_form(self) -> bool:
        return self.media_type == "application/x-www-form-urlencoded"

    @property
    def form(self) -> Pairs:
        """Fields of a form; none where the body is something else. :raises WiciError: it is no form at all."""
        return body.parse_query(self.raw) if self.is_form else ()

    def document(self) -> dict[str, Any]:
        """What it says. Whose body cannot be read is told so as well: a carrier that is refused asks for days."""
        said = {name: value for name, value in self.query if name not in (SECRET, _BODY_DIGEST)}
        try:
            if self.media_type == "application/json" and self.raw:
                found = body.parse(self.raw)
                return found if isinstance(found, dict) else {"list": found}
            return {**said, **dict(self.form)}
        except WiciError:
            return {**said, "unreadable": self.raw[:_MOST_KEPT].decode("latin-1").replace("\0", "")}


def ensure_is_of(hook: Mapping[str, Any], told: Told) -> None:
    """:param hook: `contracts.sms_gateway.carriers.CarrierHook`. :raises Forbidden: it may be anybody's."""
    networks = tuple(hook["http"].get("hook_networks") or ())
    address = addresses.parse(told.address)
    is_known = bool(networks) and address is not None and addresses.contains(addresses.networks(networks), address)
    if networks and not is_known:
        raise refused()
    if hook["signing_key"] is not None:
        if not _is_signed(hook["signing_key"], told):
            raise refused()
    elif hook["secret"] is not None:
        given = dict(told.query).get(SECRET, "").encode()
        known = [each.encode() for each in (hook["secret"], hook.get("previous_secret")) if each]
        if not any(hmac.compare_digest(given, each) for each in known):
            raise refused()
    elif not is_known:
        raise refused()


def signature(key: str, url: str, form: Pairs) -> str:
    """As Twilio makes it (www.twilio.com/docs/usage/security): HMAC-SHA1 of the address and the sorted fields."""
    fields = "".join(name + value for name, value in sorted(set(form)))
    return b64encode(hmac.digest(key.encode(), (url + fields).encode(), "sha1")).decode("ascii")


def _is_signed(key: str, told: Told) -> bool:
    digest = dict(told.query).get(_BODY_DIGEST)
    if digest is None and told.raw and not told.is_form:
        return False  # nothing of the body would be signed
    if digest is not None and not hmac.compare_digest(digest.encode(), sha256(told.raw).hexdigest().encode()):
        return False
    try:
        form = told.form
    except WiciError:
        return False
    return hmac.compare_digest(signature(key, told.url, form).encode(), told.signature.encode())
