"""Files in: a multipart body streamed to the contacts service in chunks, never whole in memory and never on disk here.

received = uploads.receive(context)
job = context.call("contacts.create_import", {"upload_id": received.upload_id, **received.fields})
return context.answer(job)
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import HTTPException, RequestTimeout
from werkzeug.sansio import multipart

from api_gateway import body
from api_gateway.context import RequestContext
from contracts.errors import FieldError, Invalid, TooLarge, Unreadable, Unsupported

CHUNK_BYTES = 256 * 1024
MAX_FIELD_BYTES = 256 * 1024
MAX_FIELDS = 20
UPLOAD_SECONDS = 1800.0
# Everything outside of the file: boundaries, headers, the other fields, and what is before and after the parts.
OUTSIDE_BYTES = 1024 * 1024


@dataclass
class Received:
    """A file that the service holds, and the form's other fields.

    :ivar fields: by name; `mapping` and `options` and whatever else is named in `json_fields` parsed, the rest text.
    """

    upload_id: str
    filename: str
    size: int
    fields: dict[str, Any] = field(default_factory=dict)


def receive(
    context: RequestContext,
    *,
    file_field: str = "file",
    json_fields: frozenset[str] = frozenset({"mapping", "options"}),
    text_fields: frozenset[str] = frozenset(),
    service: str = "contacts",
    most: int | None = None,
    check: Callable[[dict[str, Any]], None] | None = None,
) -> Received:
    """Stream the file of a multipart request to `{service}.begin_upload` and `{service}.append_upload`.

    :param most: octets of a file, where the service takes fewer than the gateway.
    :param check: of the fields that have come, after each; what it raises ends the request, before a file that follows.
    :raises Unsupported: not multipart/form-data.
    :raises Unreadable: broken multipart or JSON.
    :raises TooLarge: the file or a field is over its limit.
    :raises Invalid: no file, two files, or an unknown field.
    """
    limit = context.wiring.config.max_upload if most is None else min(most, context.wiring.config.max_upload)
    reading = _Reading(context, file_field, json_fields, text_fields, service, limit, check)
    for event in _events(context, limit):
        reading.take(event)
    return reading.finish()


class _Reading:
    """The parts of one body, as they come by."""

    def __init__(
        self,
        context: RequestContext,
        file_field: str,
        json_fields: frozenset[str],
        text_fields: frozenset[str],
        service: str,
        limit: int,
        check: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self._context = context
        self._file_field = file_field
        self._json_fields = json_fields
        self._known = json_fields | text_fields
        self._service = service
        self._limit, self._check = limit, check
        self._received: Received | None = None
        self._fields: dict[str, Any] = {}
        self._name: str | None = None  # of the field that is being read; None: the file
        self._pending = bytearray()
        self._sequence = 0

    def take(self, event: multipart.Event) -> None:
        if isinstance(event, multipart.File) and event.name == self._file_field:
            self._begin_file(event.filename)
        elif isinstance(event, multipart.Field | multipart.File):
            self._begin_field(event.name)
        elif isinstance(event, multipart.Data):
            self._add(event.data, more=event.more_data)

    def finish(self) -> Received:
        if self._received is None:
            raise _invalid(self._file_field, "field.missing", "Send the file in this field.")
        self._received.fields = self._fields
        return self._received

    def _begin_file(self, filename: str) -> None:
        if self._received is not None:
            raise _invalid(self._file_field, "field.repeated", "Send one file.")
        # Some browsers send a whole path.
        filename = filename.replace("\\", "/").rpartition("/")[2]
        begun = self._context.call(f"{self._service}.begin_upload", {"filename": filename})
        self._received = Received(begun["upload_id"], filename, 0)
        self._name = None
        self._pending.clear()

    def _begin_field(self, name: str) -> None:
        if name not in self._known:
            raise body.unknown_field(name[:100])
        if name in self._fields or len(self._fields) >= MAX_FIELDS:
            raise _invalid(name, "field.repeated", "Given more than once.")
        self._name = name
        self._pending.clear()

    def _add(self, piece: bytes, *, more: bool) -> None:
        self._pending += piece
        if self._name is not None:
            self._add_to_field(self._name, more)
            return
        while len(self._pending) >= CHUNK_BYTES or (self._pending and not more):
            self._send(bytes(self._pending[:CHUNK_BYTES]))
            del self._pending[:CHUNK_BYTES]

    def _add_to_field(self, name: str, more: bool) -> None:
        if len(self._pending) > MAX_FIELD_BYTES:
            raise TooLarge(
                "request.too_large",
                f"The field {name} is larger than {MAX_FIELD_BYTES} bytes.",
                {"limit": MAX_FIELD_BYTES},
            )
        if more:
            return
        raw = bytes(self._pending)
        if name in self._json_fields:
            self._fields[name] = body.parse(raw) if raw.strip() else {}
        else:
            try:
                self._fields[name] = raw.decode()
            except UnicodeDecodeError:
                raise Unreadable("request.not_utf8", f"The field {name} is not UTF-8.") from None
        if self._check is not None:
            self._check(self._fields)

    def _send(self, chunk: bytes) -> None:
        received = self._received
        assert received is not None  # A file's data comes after its head.
        if received.size + len(chunk) > self._limit:
            raise _too_large(self._limit)
        self._context.call(
            f"{self._service}.append_upload",
            {"upload_id": received.upload_id, "seq": self._sequence, "chunk": b64encode(chunk).decode()},
        )
        self._sequence += 1
        received.size += len(chunk)


class _Decoder(multipart.MultipartDecoder):
    """Werkzeug's keeps what it cannot name yet, without a limit; here all that is outside of files counts."""

    def __init__(self, boundary: bytes) -> None:
        super().__init__(boundary, max_form_memory_size=None, max_parts=MAX_FIELDS + 1)
        self._outside = 0
        self._in_file = False

    def receive_data(self, data: bytes | None) -> None:
        self._outside += len(data or b"")
        super().receive_data(data)

    def next_event(self) -> multipart.Event:
        """:raises TooLarge: more than `OUTSIDE_BYTES` are outside of files."""
        event = super().next_event()
        if isinstance(event, multipart.Field | multipart.File):
            self._in_file = isinstance(event, multipart.File)
        elif isinstance(event, multipart.Data) and self._in_file:
            self._outside -= len(event.data)
        elif isinstance(event, multipart.NeedData) and self._outside > OUTSIDE_BYTES:
            detail = f"More than {OUTSIDE_BYTES} bytes are outside of the file."
            raise TooLarge("request.too_large", detail, {"limit": OUTSIDE_BYTES})
        return event


def _events(context: RequestContext, limit: int) -> Iterator[multipart.Event]:
    request = context.request
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary or not boundary.isascii():
        raise Unsupported("request.unsupported_media_type", "Send multipart/form-data.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Unsupported("request.unsupported_encoding", "A multipart body is sent without Content-Encoding.")
    if (request.content_length or 0) > limit + OUTSIDE_BYTES:
        raise _too_large(limit)
    decoder = _Decoder(boundary.encode())
    ends = time.monotonic() + UPLOAD_SECONDS
    try:
        while True:
            decoder.receive_data(body.pull(request.stream, body.CHUNK) or None)
            while not isinstance(event := decoder.next_event(), multipart.NeedData):
                if isinstance(event, multipart.Epilogue):
                    return
                yield event
            if time.monotonic() > ends:
                raise RequestTimeout
    except HTTPException:
        raise
    except ValueError:
        raise Unreadable("multipart.malformed", "The multipart body is broken.") from None


def _too_large(limit: int) -> TooLarge:
    return TooLarge("file.too_large", f"The file is larger than {limit} bytes.", {"limit": limit})


def _invalid(name: str, code: str, detail: str) -> Invalid:
    error: FieldError = {"field": name, "code": code, "detail": detail}
    return Invalid("request.invalid", "Some fields are not valid.", None, [error])


__all__ = ["CHUNK_BYTES", "Received", "receive"]
