"""What an HTTP carrier tells at `/hooks/carriers/{name}`: receipts, and messages from phones, as SMPP's are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sms_gateway.http_api.dialects import Dialect
from sms_gateway.http_api.documents import at
from sms_gateway.smpp.constants import CODING_UCS2, MOST_ID
from sms_gateway.smpp.receipts import Delivered, Inbound, Receipt, Unread

MOST_ITEMS = 1_000
MOST_TEXT = 10_000  # characters of a message from a phone
_MOST_ADDRESS = 40
_MOST_CODE = 8


def read(dialect: Dialect, document: Mapping[str, Any]) -> list[Delivered]:
    """Everything in one request. What is neither a receipt nor a message is kept as it came, for a person to look at.

    :param document: its form's fields, or its JSON object.
    """
    items: Any = document
    for step in dialect.entries.split(".") if dialect.entries else ():
        items = items.get(step) if isinstance(items, Mapping) else None
    some = items if isinstance(items, list) else [items]
    return [each for item in some[:MOST_ITEMS] for each in _read(dialect, item)]


def _read(dialect: Dialect, item: Any) -> list[Delivered]:
    form, inbound = dialect.receipts, dialect.inbound
    text, source = at(item, inbound.text), at(item, inbound.source)
    if source and text:
        destination = at(item, inbound.destination)[:_MOST_ADDRESS]
        body = text[:MOST_TEXT].encode("utf-16-be", "replace")
        identifier = at(item, inbound.id)[:MOST_ID] if inbound.id else ""
        return [Inbound(source[:_MOST_ADDRESS], destination, CODING_UCS2, 0, body, identifier)]
    identifiers, words = at(item, form.id), at(item, form.state)
    if not identifiers or not words:
        return [_unread(item, "neither a receipt nor a message from a phone")]
    columns = [identifiers, words, at(item, form.code), at(item, form.to), at(item, form.sender)]
    if not form.separator:
        return [_receipt(dialect, item, *columns)]
    split = [column.split(form.separator) for column in columns]
    return [
        _receipt(dialect, item, *(column[min(row, len(column) - 1)].strip() for column in split))
        for row in range(min(len(split[0]), MOST_ITEMS))
    ]


def _receipt(dialect: Dialect, item: Any, identifier: str, word: str, code: str, to: str, sender: str) -> Delivered:
    states = dialect.receipts.states
    if word.lower() not in states:
        return _unread(item, "a receipt with a state that no table has")
    return Receipt(
        identifier,
        states[word.lower()],
        (code or word)[:_MOST_CODE],
        to.removeprefix("+")[:_MOST_ADDRESS],
        sender.removeprefix("+")[:_MOST_ADDRESS],
    )


def _unread(item: Any, reason: str) -> Unread:
    return Unread(json.dumps(item).encode(), reason)
