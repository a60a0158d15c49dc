"""Reading what the client sent: bounded, strictly JSON, strictly UTF-8, inflated no further than the limit."""

from __future__ import annotations

import json
import math
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable
from typing import IO, Any, Final
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import HTTPException, LengthRequired, RequestTimeout

from contracts.errors import FieldError, Invalid, TooLarge, Unreadable, Unsupported

MAX_DEPTH = 32
CHUNK = 64 * 1024
# A JSON body that trickles in may not hold a thread for longer than this; `paced` bounds each read of it.
BODY_SECONDS = 20.0
# What a person chooses on an unsubscribe page: it is here before a thread is. Of a longer body there nothing is read.
SHORT_CHOICE = 4 * 1024
# Of those who are not logged in. It is here before a thread is (`intake.KEPT_BODY`), so it has to say its length.
STRANGERS_BODY = 64 * 1024
# A value costs up to 250 bytes as an object, and may be two bytes of JSON: 10 MB of them would be 1 GB.
MAX_VALUES = 250_000
# Each part of a gzip body (RFC 1952 section 2.2) copies what is after it.
MAX_GZIP_PARTS = 64
# What every reader of JSON keeps exactly (RFC 7493 section 2.2); larger numbers travel as text.
MAX_INTEGER = 2**53 - 1
NOTHING: Final = object()
_GZIP = 16 + zlib.MAX_WBITS
_JSON_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def read_json(request: Request, limit: int, when_long: Callable[[], None] = lambda: None) -> Any:
    """The JSON value of the body; `NOTHING` where there is no body at all.

    :param limit: bytes, before and after inflation.
    :param when_long: called before the value is read of a body that is long once inflated.
    :raises Unreadable: not JSON, not UTF-8, a key twice, NaN or Infinity, nested too deep.
    :raises Unsupported: a media type, charset or content encoding that is not understood.
    :raises TooLarge: more than `limit` bytes.
    """
    raw = read(request, limit)
    if not raw:
        return NOTHING
    _require_json(request)
    if len(raw) > STRANGERS_BODY:
        when_long()
    return parse(raw)


def read_object(request: Request, limit: int, when_long: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """The JSON object of the body, an empty one where there is no body; else as `read_json`.

    :raises Invalid: it is no object.
    """
    sent = read_json(request, limit, when_long)
    if sent is NOTHING:
        return {}
    if not isinstance(sent, dict):
        raise not_an_object()
    return sent


def is_long(request: Request) -> bool:
    """Whether a thread may have to wait for the body: it is of unknown length, or was not here when the thread was."""
    return "Transfer-Encoding" in request.headers or (request.content_length or 0) > STRANGERS_BODY


def require_short(request: Request, limit: int = STRANGERS_BODY) -> None:
    """A stranger's body says its length and is short, before any of it is read.

    :raises LengthRequired: it comes in chunks.
    :raises TooLarge: more than `limit` bytes.
    """
    if "Transfer-Encoding" in request.headers:
        raise LengthRequired
    if (request.content_length or 0) > limit:
        raise too_large(limit)


def read(request: Request, limit: int) -> bytes:
    """The body's bytes, inflated."""
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return _read_bounded(request.stream, limit)
    if encoding in ("gzip", "x-gzip"):
        return _inflate(_read_bounded(request.stream, limit), limit)
    raise Unsupported("request.unsupported_encoding", "Content-Encoding may be gzip.")


def parse(raw: bytes) -> Any:
    """Strict JSON (RFC 8259 in UTF-8, I-JSON's rules on keys and numbers)."""
    _check_number_of_values(raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("json.not_utf8", f"Byte {error.start} of the body is not UTF-8.") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_small
        )
    except json.JSONDecodeError as error:
        raise Unreadable("json.malformed", f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise _too_deep() from None
    _check_inside(raw, value)
    return value


def parse_query(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values of a query string; strict about UTF-8 and control characters."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except UnicodeDecodeError:
        raise Unreadable("query.not_utf8", "The query string is not percent-encoded UTF-8.") from None
    except ValueError:
        raise Unreadable("query.malformed", "The query string has too many fields.") from None
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise Unreadable("query.malformed", "The query string holds a NUL character.")
    return pairs


def _require_json(request: Request) -> None:
    if request.mimetype != "application/json":
        raise Unsupported("request.unsupported_media_type", "Send application/json.")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Unsupported("request.unsupported_charset", "Send UTF-8.")


def pull(stream: IO[bytes], size: int) -> bytes:
    """Read up to `size` bytes of the body.

    :raises RequestTimeout: the client stopped sending.
    :raises Unreadable: what it sends is no body (broken chunks, cut short).
    """
    try:
        return stream.read(size)
    except HTTPException:
        raise
    except (BlockingIOError, TimeoutError):
        raise RequestTimeout from None
    except Exception:  # The server's own errors of chunked bodies share no base class that is public.
        raise Unreadable("request.body_broken", "The body ends too early or its chunks are broken.") from None


def _read_bounded(stream: IO[bytes], limit: int) -> bytes:
    ends = time.monotonic() + BODY_SECONDS
    parts, size = [], 0
    while chunk := pull(stream, min(CHUNK, limit + 1 - size)):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if time.monotonic() > ends:
            raise RequestTimeout
    return b"".join(parts)


def _inflate(packed: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while packed:
        if len(parts) == MAX_GZIP_PARTS:
            raise Unreadable("request.bad_gzip", f"The gzip body has more than {MAX_GZIP_PARTS} parts.")
        stream = zlib.decompressobj(_GZIP)
        try:
            part = stream.decompress(packed, limit + 1 - size)
        except zlib.error:
            raise Unreadable("request.bad_gzip", "The body is not gzip.") from None
        parts.append(part)
        size += len(part)
        if size > limit:
            raise too_large(limit)
        if not stream.eof:
            raise Unreadable("request.bad_gzip", "The gzip body ends too early.")
        packed = stream.unused_data
    return b"".join(parts)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        [(twice, _count)] = Counter(key for key, _value in pairs).most_common(1)
        raise Unreadable("json.duplicate_key", f"The key {twice[:100]!r} is there twice in one object.")
    return members


def _no_constant(name: str) -> Any:
    raise Unreadable("json.malformed", f"{name} is not JSON.")


def _finite(literal: str) -> float | int:
    number = float(literal)
    if not math.isfinite(number) or abs(number) > MAX_INTEGER:
        raise _out_of_range()
    # 5.0 is a whole number in JSON Schema, and other languages' writers send it so.
    return int(number) if number.is_integer() else number


def _small(literal: str) -> int:
    number = int(literal) if len(literal) <= 20 else None
    if number is None or abs(number) > MAX_INTEGER:
        raise _out_of_range()
    return number


def _out_of_range() -> Unreadable:
    return Unreadable(
        "json.number_out_of_range", f"Numbers may be from -{MAX_INTEGER} to {MAX_INTEGER}; send larger ones as text."
    )


def _check_number_of_values(raw: bytes) -> None:
    """Before there are objects; text is looked through only where the bytes make too many possible."""
    if _commas_and_brackets(raw) > MAX_VALUES and _commas_and_brackets(_JSON_TEXT.sub(b"", raw)) > MAX_VALUES:
        raise Unreadable(
            "json.too_many_values", f"The body holds more than {MAX_VALUES} values.", {"limit": MAX_VALUES}
        )


def _commas_and_brackets(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _check_inside(raw: bytes, value: Any) -> None:
    """Depth, NUL and lone surrogates; looked for only where the bytes make them possible."""
    odd = b"\\u0000" in raw or b"\\ud" in raw or b"\\uD" in raw
    if not odd and raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        if odd:
            for text in (text for item in level for text in _texts(item)):
                _check_text(text)
        level = [child for item in level for child in _children(item)]


def _texts(item: Any) -> list[str]:
    if isinstance(item, dict):
        return list(item)
    return [item] if isinstance(item, str) else []


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise Unreadable("json.nul_character", "A string holds a NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable("json.lone_surrogate", "A string holds half of a surrogate pair.") from None


def _too_deep() -> Unreadable:
    return Unreadable("json.too_deep", f"The body is nested deeper than {MAX_DEPTH} levels.", {"limit": MAX_DEPTH})


def too_large(limit: int) -> TooLarge:
    """The refusal of a body of more than `limit` bytes."""
    return TooLarge("request.too_large", f"The body is larger than {limit} bytes.", {"limit": limit})


def unknown_field(name: str) -> Invalid:
    """The refusal of one field that the operation does not know."""
    error: FieldError = {"field": name, "code": "field.unknown", "detail": "Unknown field."}
    return Invalid("request.invalid", "Some fields are not valid.", None, [error])


def not_an_object() -> Invalid:
    """The refusal of a JSON body that is no object."""
    error: FieldError = {"field": "", "code": "field.wrong_type", "detail": "The body must be a JSON object."}
    return Invalid("request.invalid", "Some fields are not valid.", None, [error])
