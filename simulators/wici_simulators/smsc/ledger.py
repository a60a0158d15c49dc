"""What the carrier took: raw frames in arrival order, read only when somebody asks."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from typing import Any

from wici_simulators.smsc import wire
from wici_simulators.smsc.settings import OUTCOMES, REJECTED

_ACCEPTED, _RECEIPTED = 0, 1
_GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


class Ledger:
    """Every submit_sm that got an answer other than a throttle, its fate, and whether its receipt was taken."""

    def __init__(self) -> None:
        # Ids of one run never meet those of another: the gateway keeps its ledger when the carrier is restarted.
        self._epoch = int(time.time() * 1000) & 0xFFFFFFFFFF
        self._next = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        """Forget all messages and counts."""
        self.frames: list[bytes] = []
        self.ids: list[bytes] = []
        self.outcomes = bytearray()
        self.receipted = bytearray()
        self.first_at = self.last_at = self.last_receipt_at = 0.0
        self.throttled = 0
        self.forgotten = 0
        self.arrivals: dict[str, float] = {}  # Unix seconds, by number

    def add(self, frame: bytes, outcome: int, keep: int) -> tuple[int, bytes]:
        """Remember one; its index and its new carrier id (rejected ones have none)."""
        message_id = b"" if outcome == REJECTED else b"%010x%08x" % (self._epoch, next(self._next))
        if len(self.frames) >= keep:
            self.forgotten += 1
            frame = b""
        self.frames.append(frame)
        self.ids.append(message_id)
        self.outcomes.append(outcome)
        self.receipted.append(_ACCEPTED)
        return len(self.frames) - 1, message_id

    def receipt_taken(self, index: int) -> None:
        if index < len(self.receipted):
            self.receipted[index] = _RECEIPTED

    def counts(self) -> dict[str, Any]:
        """Parts as the carrier counts them: one submit_sm each."""
        outcomes = Counter(self.outcomes)
        receipted = Counter(outcome for outcome, taken in zip(self.outcomes, self.receipted, strict=True) if taken)
        return {
            "submitted": len(self.frames),
            "accepted": len(self.frames) - outcomes[REJECTED],
            "outcomes": {name: outcomes[number] for number, name in enumerate(OUTCOMES)},
            "receipts": {name: receipted[number] for number, name in enumerate(OUTCOMES) if number != REJECTED},
            "receipts_taken": sum(receipted.values()),
            "throttled": self.throttled,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "last_receipt_at": self.last_receipt_at,
        }

    def page(self, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """Records `after` … in arrival order, one a submit_sm; `whole()` joins parts."""
        stop = min(after + limit, len(self.frames))
        records = [self._record(index) for index in range(after, stop)]
        return records, stop if stop < len(self.frames) else None

    def _record(self, index: int) -> dict[str, Any]:
        record: dict[str, Any] = {
            "number": index,
            "id": self.ids[index].decode() or None,
            "state": OUTCOMES[self.outcomes[index]],
            "receipt_taken": bool(self.receipted[index]),
        }
        if self.frames[index]:
            record.update(describe(wire.read_submit(self.frames[index])))
        return record

    def whole(self) -> list[dict[str, Any]]:
        """Messages with their parts joined: `text`, `parts`, and `complete` when every part came."""
        messages: list[dict[str, Any]] = []
        waiting: dict[tuple[Any, ...], dict[str, Any]] = {}
        for index in range(len(self.frames)):
            record = self._record(index)
            reference, total, number = record.get("concatenation") or (None, 1, 1)
            key = (record.get("to"), record.get("from"), reference, total)
            message = waiting.get(key) if total > 1 else None
            if message is None or number in message["texts"]:
                message = {"to": record.get("to"), "from": record.get("from"), "texts": {}, "states": [], "of": total}
                messages.append(message)
                if total > 1:
                    waiting[key] = message
            message["texts"][number] = record.get("text", "")
            message["states"].append(record["state"])
        return [_joined(message) for message in messages]


def _joined(message: dict[str, Any]) -> dict[str, Any]:
    texts = message["texts"]
    states = set(message["states"])
    return {
        "to": message["to"],
        "from": message["from"],
        "text": "".join(texts[number] for number in sorted(texts)),
        "parts": message["of"],
        "complete": len(texts) == message["of"],
        "state": states.pop() if len(states) == 1 else "mixed",
    }


def describe(submit: wire.Submit) -> dict[str, Any]:
    """Addresses, text and concatenation (reference, total, number) of one submit_sm."""
    body, concatenation = submit.body or submit.tlvs.get(0x0424, b""), None
    if submit.esm_class & 0x40 and body and len(body) > body[0]:
        header, body = body[1 : 1 + body[0]], body[1 + body[0] :]
        if header[:2] == b"\x00\x03" and len(header) >= 5:
            concatenation = (header[2], header[3], header[4])
    elif 0x020C in submit.tlvs:
        reference, total, number = (submit.tlvs.get(tag, b"\1") for tag in (0x020C, 0x020E, 0x020F))
        concatenation = (int.from_bytes(reference, "big"), total[0], number[0])
    return {
        "to": "+" + submit.destination.decode("latin-1").lstrip("+"),
        "from": submit.source.decode("latin-1"),
        "text": body.decode("utf-16-be", "replace") if submit.coding & 0x0C == 0x08 else _gsm(body),
        "coding": submit.coding,
        "concatenation": concatenation,
    }


def _gsm(body: bytes) -> str:
    text, octets = [], iter(body)
    for octet in octets:
        text.append(_GSM_EXTENSION.get(next(octets, 0), " ") if octet == 0x1B else _GSM_BASIC[octet & 0x7F])
    return "".join(text)
