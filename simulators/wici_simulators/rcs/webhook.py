"""Google's webhook: signed, and tried again until it is taken."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any

import orjson

TRIES, FIRST_WAIT, LONGEST_WAIT = 40, 0.25, 10.0


def signed(event: dict[str, Any], client_token: str) -> tuple[bytes, str]:
    """The body of a request, and its X-Goog-Signature."""
    data = orjson.dumps(event)
    signature = b64encode(hmac.digest(client_token.encode(), data, hashlib.sha512)).decode()
    return orjson.dumps({"message": {"attributes": {}, "data": b64encode(data).decode()}}), signature


async def tell(hook: dict[str, str], event: dict[str, Any]) -> int:
    """Until it is answered with 200, as Google does for days; the last status."""
    body, signature = signed(event, hook["client_token"])
    status = 0
    for tries in range(TRIES):
        status = await asyncio.to_thread(_post, hook["url"], body, signature)
        if status == 200:
            break
        await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2.0**tries))
    return status


def _post(url: str, body: bytes, signature: str) -> int:
    headers = {"Content-Type": "application/json", "X-Goog-Signature": signature}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
