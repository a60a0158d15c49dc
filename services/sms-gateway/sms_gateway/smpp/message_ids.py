"""How the id of a message in a receipt relates to that in submit_sm_resp."""

from __future__ import annotations

from typing import Any


def _hex_to_decimal(identifier: str) -> str:
    try:
        return str(int(identifier, 16))
    except ValueError:
        return identifier


def _decimal_to_hex(identifier: str) -> str:
    return f"{int(identifier):X}" if identifier.isdecimal() else identifier


# SMPP 3.4 leaves the form of the id in a receipt open; some carriers answer in hex and report in decimal.
ID_FORMS: dict[str, Any] = {
    "same": lambda identifier: identifier,
    "hex_to_decimal": _hex_to_decimal,
    "decimal_to_hex": _decimal_to_hex,
}
