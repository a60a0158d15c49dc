"""What comes to an agent's webhook: whether it is Google's, and what it says.

https://developers.google.com/business-communications/rcs-business-messaging/guides/integrate/webhooks
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import Any

import orjson

from api_gateway.provider_hooks import refused

_is_plain = re.compile(r"[A-Za-z0-9_-]{1,200}").fullmatch


def handshake(body: Any, client_token: str) -> str | None:
    """The secret that Google wants to hear again, where this is its first request to a new webhook; None: it is not.

    :raises Forbidden: it asks under another client token.
    """
    if not isinstance(body, dict) or "clientToken" not in body or "message" in body:
        return None
    given, secret = str(body["clientToken"]), str(body.get("secret", ""))
    if not hmac.compare_digest(given.encode(), client_token.encode()) or not _is_plain(secret):
        raise refused()
    return secret


def event_of(body: Any, signature: str, client_token: str) -> dict[str, Any]:
    """:param signature: base64 of the HMAC-SHA512 of the decoded data. :raises Forbidden: it may be anybody's."""
    try:
        data = b64decode(body["message"]["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise refused() from None
    right = b64encode(hmac.digest(client_token.encode(), data, hashlib.sha512))
    if not hmac.compare_digest(right, signature.encode()):
        raise refused()
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}
