"""One message as a request to an HTTP carrier, and what its answer says."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from sms_gateway.http_api import meanings, templates
from sms_gateway.http_api.dialects import Dialect
from sms_gateway.http_api.documents import at, parsed
from sms_gateway.http_api.meanings import Meaning

MOST_WORD = 40  # of an error's code


class Request(NamedTuple):
    method: bytes
    url: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Answer(NamedTuple):
    """`meaning` None: it was taken, under `identifier`. `word`: the carrier's own code of an error."""

    meaning: Meaning | None
    identifier: str = ""
    word: str = ""


@dataclass(frozen=True)
class Access:
    """Who we are for the carrier, and where it reports to."""

    account: str
    token: str = field(repr=False)
    hook_url: str = field(repr=False)

    def values(self) -> dict[str, str]:
        basic = b64encode(f"{self.account}:{self.token}".encode()).decode("ascii")
        return {"account": self.account, "token": self.token, "hook_url": self.hook_url, "basic": basic}


class Requests:
    """Makes the requests of one carrier and reads the answers."""

    def __init__(self, dialect: Dialect, access: Access) -> None:
        self._dialect = dialect
        self._shared = access.values()

    def of(self, message: Mapping[str, Any], message_id: str) -> Request:
        """:param message: as `content.as_text` has it."""
        dialect, values = self._dialect, self._values(message, message_id)
        body = templates.filled(dialect.body, values)
        url = templates.filled_url(dialect.url, values)
        headers = [
            (name.encode(), str(templates.filled(text, values)).encode()) for name, text in dialect.headers.items()
        ]
        octets = b""
        if dialect.format == "query":
            url += ("&" if "?" in url else "?") + urlencode(_plain(body))
        elif dialect.format == "form":
            headers.append((b"Content-Type", b"application/x-www-form-urlencoded"))
            octets = urlencode(_plain(body)).encode("ascii")
        else:
            headers.append((b"Content-Type", b"application/json"))
            octets = orjson.dumps(body)
        headers.append((b"Accept", b"application/json"))
        return Request(dialect.method.encode(), url, headers, octets)

    def read(self, status: int, octets: bytes) -> Answer:
        """A number of its table of errors says most, then its HTTP status. What claims to have been taken and has no id
        has been taken, or not: nobody knows."""
        dialect, document = self._dialect, parsed(octets)
        word = at(document, dialect.answer_error)[:MOST_WORD]
        by_status = dialect.statuses.get(str(status)) or meanings.of_http(status)
        identifier = at(document, dialect.answer_id)
        if by_status is None and identifier and word not in dialect.errors:
            return Answer(None, identifier)
        if word and word != "0":
            return Answer(dialect.errors.get(word) or by_status or Meaning.REJECT, word=word)
        return Answer(by_status or Meaning.UNKNOWN, word=f"http_{status}")

    def _values(self, message: Mapping[str, Any], message_id: str) -> dict[str, str | int | None]:
        validity = self._dialect.validity_minutes(message["validity_minutes"])
        return {
            **self._shared,
            "to": message["to"],
            "to_digits": message["to"].removeprefix("+"),
            "from": message["from"],
            "text": message["text"],
            "message_id": message_id,
            "parts": message["parts"],
            "encoding": message["encoding"],
            "flash": 1 if message["flash"] else None,
            "validity_minutes": validity,
            "validity_seconds": validity * 60 if validity else None,
            "expires_at": int(time.time()) + validity * 60 if validity else None,
        }


def _plain(body: Any) -> dict[str, str]:
    return {name: str(value) for name, value in body.items()} if isinstance(body, Mapping) else {}
