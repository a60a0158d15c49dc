"""Files out: chunks read from a service one by one and passed on as they come.

return downloads.stream(context, "contacts.read_file", {"file_id": …}, filename="contacts.csv", media_type="text/csv")
"""

from __future__ import annotations

import csv
import io
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from flask import Response
from werkzeug.exceptions import NotAcceptable

from api_gateway.context import RequestContext
from chassis.logs import get_logger
from contracts.csv_cells import inert

log = get_logger()


def stream(
    context: RequestContext,
    rpc: str,
    payload: dict[str, Any],
    *,
    filename: str,
    media_type: str,
    deadline: float = 30.0,
    rewritten: Callable[[Iterator[bytes]], Iterator[bytes]] = iter,
) -> Response:
    """Answer with the chunks of `rpc(actor, {**payload, "seq": 0, 1, …}) -> {"chunk": base64 | None}`.

    A chunk that comes with a `state` has it said with the question for the next.

    The first chunk is read before the answer begins, so that what is not there is a proper 404.

    :param rewritten: makes of the chunks those that are sent.
    :raises NotAcceptable: the client takes no such file.
    """
    chosen(context, media_type.partition(";")[0])
    actor, services = context.actor, context.wiring.services

    state: dict[str, Any] = {}

    def read(sequence: int) -> bytes | None:
        piece = services.call(rpc, actor, {**payload, **state, "seq": sequence}, deadline=deadline)
        chunk = piece["chunk"]
        if piece.get("state"):
            state["state"] = piece["state"]
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

    answer = Response(rewritten(chunks()), content_type=media_type, direct_passthrough=True)
    answer.vary.add("Accept")
    attach(answer, filename)
    return answer


def chosen(context: RequestContext, *media_types: str) -> str:
    """Which of the types the client would rather have (RFC 9110 section 12.5.1); the first where it does not say.

    :raises NotAcceptable: none of them.
    """
    accepted = context.request.accept_mimetypes
    if not accepted:
        return media_types[0]
    spelled = {each: media_type for media_type in media_types for each in (media_type, f"{media_type}; charset=utf-8")}
    best = accepted.best_match(spelled)
    if best is None:
        raise NotAcceptable()
    return spelled[best]


def csv_table(columns: Sequence[str], pages: Iterator[Sequence[Sequence[Any]]], *, filename: str) -> Response:
    """Answer with a table as CSV (RFC 4180, UTF-8), page by page; no cell can start a formula.

    The first page is read before the answer begins, so that what may not be seen is a proper problem.
    """
    first = next(pages)

    def chunks() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf"  # spreadsheets take a file for UTF-8 only if it begins so
        yield _lines([columns, *first])
        for page in pages:
            yield _lines(page)

    answer = Response(chunks(), content_type="text/csv; charset=utf-8", direct_passthrough=True)
    attach(answer, filename)
    return answer


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([_safe(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def _safe(cell: Any) -> str:
    return "" if cell is None else inert(str(cell))


def attach(answer: Response, filename: str, *, is_shown: bool = False) -> None:
    """Set a Content-Disposition (RFC 6266) with the name in ASCII and in UTF-8.

    :param is_shown: a browser may show it, not only save it.
    """
    plain = "".join(c if c.isascii() and c.isprintable() else "_" for c in filename)
    names = {"filename": plain, "filename*": f"UTF-8''{quote(filename, safe='')}"}
    answer.headers.set("Content-Disposition", "inline" if is_shown else "attachment", **names)
