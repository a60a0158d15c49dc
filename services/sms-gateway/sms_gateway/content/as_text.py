"""A message as a carrier that is reached by HTTP gets it: its text as a whole, however many parts that makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sms_gateway.content import gsm
from sms_gateway.content.parts import Encoded, Encoding, LongForm
from sms_gateway.content.template import RenderFailed

NO_TEXT = "content.no_text"


class TextEnvelope:
    """In the place of `submission.Envelope`: what the messages of one content share."""

    def __init__(self, sender: str, content: Mapping[str, Any], _long_form: LongForm, _parameters: object = ()) -> None:
        self._shared = {
            "from": sender,
            "flash": bool(content.get("flash")),
            "validity_minutes": content.get("validity_minutes"),
        }
        # Of a partner's octets: what they say, where they say anything (`octets.as_content`).
        self._said = str(content["text"]) if "octets" in content else None
        # What is no text, or has a header of its own, only SMPP can carry.
        self._is_text = not content.get("has_header") and (self._said is None or bool(self._said))

    def bodies(self, address: str, encoded: Encoded, _reference: int) -> list[bytes]:
        """One JSON object. :raises RenderFailed: it is no text."""
        if not self._is_text:
            raise RenderFailed(NO_TEXT, "The message is no text, and its carrier takes nothing else.")
        message = {
            **self._shared,
            "to": address,
            "text": _text(encoded) if self._said is None else self._said,
            "parts": len(encoded.bodies),
            "encoding": encoded.encoding,
        }
        return [orjson.dumps(message)]


def _text(encoded: Encoded) -> str:
    octets = b"".join(encoded.bodies)
    return gsm.decode(octets) if encoded.encoding is Encoding.GSM else octets.decode("utf-16-be", "replace")
