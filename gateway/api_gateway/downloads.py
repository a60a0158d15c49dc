"""Files out: chunks read from a service one by one and passed on as they come.

return downloads.stream(context, "contacts.read_file", {"file_id": …}, filename="contacts.csv", media_type="text/csv")
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import quote

from flask import Response

from chassis.logs import get_logger

log = get_logger()


class Downloading(Protocol):
    """The part of `RequestContext` that is needed here."""

    @property
    def actor(self) -> Any: ...

    @property
    def parts(self) -> Any: ...


def stream(
    context: Downloading, rpc: str, payload: dict[str, Any], *, filename: str, media_type: str, deadline: float = 30.0
) -> Response:
    """Answer with the chunks of `rpc(actor, {**payload, "seq": 0, 1, …}) -> {"chunk": base64 | None}`.

    The first chunk is read before the answer begins, so that what is not there is a proper 404.
    """
    actor, services = context.actor, context.parts.services

    def read(sequence: int) -> bytes | None:
        chunk = services.call(rpc, actor, {**payload, "seq": sequence}, deadline=deadline)["chunk"]
        return None if chunk is None else b64decode(chunk)

    first = read(0)

    def chunks() -> Iterator[bytes]:
        piece, sequence = first, 0
        while piece is not None:
            yield piece
            sequence += 1
            try:
                piece = read(sequence)
            except Exception as error:
                # The status is sent already: ending the connection early is the only way to say that it broke.
                log.error("download_broken", error_type=type(error).__name__)
                raise

    answer = Response(chunks(), content_type=media_type, direct_passthrough=True)
    answer.headers["Content-Disposition"] = attachment(filename)
    return answer


def attachment(filename: str) -> str:
    """A Content-Disposition (RFC 6266) with the name in ASCII and in UTF-8."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\/;' else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
