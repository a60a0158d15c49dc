"""Hosted files as strangers read them: a piece at a time from campaigns, whole or a range (RFC 9110 section 14).

Whatever a file is, a browser runs nothing of it: images are shown, all else is saved, and nothing of it may load or
run anything.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Response
from werkzeug.http import unquote_etag

from api_gateway import ceilings, downloads
from api_gateway.context import RequestContext
from api_gateway.tracking import pages
from chassis.logs import get_logger
from contracts.campaigns.files import CHUNK_BYTES
from contracts.errors import NotFound, WiciError
from contracts.file_kinds import SHOWN

# Seconds. A picture in a mail is asked for by every reader; it may be kept for as long, and not beyond its end.
PICTURE_KEPT = 300
# A player or a program for downloads looks at as few octets, or fewer, before it begins.
LOOK_OCTETS = 1024
_DEADLINE = 10.0
# Said as it is; what a browser might take for a page or a script is only octets.
_PLAIN = (*SHOWN, "application/pdf", "application/zip", "text/plain", "text/csv", "application/vnd.")
_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

log = get_logger()


def download(context: RequestContext) -> Response:
    """The file of a link."""
    request, token = context.request, context.payload["token"]
    try:
        found = context.call("campaigns.open_public_file", {"token": token[:200]})
    except NotFound:
        return _page(context, "gone", 404)
    except WiciError:
        return _page(context, "soon", 503)
    if found["state"] != "ready":
        return _page(context, found["state"], 410)
    if found["etag"] in {unquote_etag(tag.strip())[0] for tag in request.headers.get("If-None-Match", "").split(",")}:
        return _with_head(Response(status=304), found)
    return _answer(context, found, token)


def _answer(context: RequestContext, found: dict[str, Any], token: str) -> Response:
    size, wanted = found["size"], context.request.range
    start, end, status = 0, size, 200
    # Several ranges at once are answered with the whole, as is allowed.
    if wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1 and _is_current(context, found):
        span = _span(wanted, size)
        if span is None:
            refused = Response(status=416, headers={"Content-Range": f"bytes */{size}"}, content_type="text/plain")
            return _with_head(refused, found)
        (start, end), status = span, 206
    answer = Response(status=status, direct_passthrough=True, content_type=_media_type(found))
    answer.headers["Content-Length"] = str(end - start)
    if status == 206:
        answer.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if context.request.method != "HEAD":
        answer.response = _octets(context, found, token, start, end)
    return _with_head(answer, found)


def _span(wanted: Any, size: int) -> tuple[int, int] | None:
    """Its first octet and the one after its last; None for neither. A suffix longer than the file is all of it."""
    ((start, end),) = wanted.ranges
    return (0, size) if end is None and start < -size else wanted.range_for_length(size)


def _is_current(context: RequestContext, found: dict[str, Any]) -> bool:
    """Whether a range is of the file as it is (`If-Range`)."""
    given = context.request.headers.get("If-Range")
    return given is None or unquote_etag(given)[0] == found["etag"]


def _octets(context: RequestContext, found: dict[str, Any], token: str, start: int, end: int) -> Any:
    """The pieces from `start` to `end`; of more than one, in a turn of the account's at downloads.

    With the first one it is counted as a download, if it is more than a look at the file's beginning.

    :raises Unavailable: as many are open as leave threads for the rest.
    """
    services, actor = context.wiring.services, context.actor
    counts = start == 0 and (end == found["size"] or end > LOOK_OCTETS)

    def piece(seq: int) -> bytes:
        wanted = {"token": token, "seq": seq, "is_counted": counts and seq == 0}
        read = services.call("campaigns.read_public_file", actor, wanted, deadline=_DEADLINE)
        octets = b64decode(read["chunk"] or "")
        first = seq * CHUNK_BYTES
        return octets[max(start - first, 0) : max(end - first, 0)]

    numbers = range(start // CHUNK_BYTES, -(-end // CHUNK_BYTES))
    if len(numbers) <= 1:
        return [piece(seq) for seq in numbers]
    turns, owner = context.wiring.downloads, f"files:{found['account_id']}"
    if not turns.try_take(owner):
        raise ceilings.no_download()
    try:
        begun = piece(numbers[0])
    except BaseException:
        turns.give_back(owner)
        raise

    def pieces() -> Iterator[bytes]:
        yield begun
        for seq in numbers[1:]:
            try:
                yield piece(seq)
            except WiciError as error:
                # The status is sent already: ending the connection early is the only way to say that it broke.
                log.error("download_broken", error_type=type(error).__name__)
                raise

    return ceilings.Sent(Response(pieces(), direct_passthrough=True), lambda: turns.give_back(owner))


def _with_head(answer: Response, found: dict[str, Any]) -> Response:
    answer.set_etag(found["etag"])
    answer.headers["Cache-Control"] = _cache(answer, found)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _POLICY
    # Pictures stand in mails and on the account's own pages.
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if answer.status_code in (200, 206):
        downloads.attach(answer, found["filename"], is_shown=found["media_type"] in SHOWN)
    return answer


def _cache(answer: Response, found: dict[str, Any]) -> str:
    if found["media_type"] not in SHOWN or answer.status_code == 416:
        return "private, no-cache"
    ends = found.get("expires_at")
    left = PICTURE_KEPT if ends is None else int((datetime.fromisoformat(ends) - datetime.now(UTC)).total_seconds())
    return f"public, max-age={max(0, min(left, PICTURE_KEPT))}"


def _media_type(found: dict[str, Any]) -> str:
    named: str = found["media_type"]
    return named if named.startswith(_PLAIN) else "application/octet-stream"


def _page(context: RequestContext, name: str, status: int) -> Response:
    answer = pages.page(name, pages.language_of(context.request.accept_languages), status)
    if status == 503:
        answer.headers["Retry-After"] = "10"
    return answer
