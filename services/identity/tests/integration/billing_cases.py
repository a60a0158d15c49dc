"""What the tests of plans and invoices share."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from identity.domain.invoices import Issuer

ISSUER = Issuer(
    name="Wici Łączność sp. z o.o.",
    address="ul. Źródlana 5\n00-001 Warszawa",
    vat_number="1234563218",
    bank_account="61 1090 1014 0000 0712 1981 2874",
)
COMPANY = {"name": "Zażółć gęślą jaźń s.c.", "address": "ul. Kwiatowa 1\n61-701 Poznań", "vat_number": "526-025-02-74"}


def operator(request_key: str | None = None) -> dict[str, Any]:
    return {"operator_id": str(uuid4()), "address": "192.0.2.9", "request_key": request_key}


def line(price: int = 10_000, **changes: Any) -> dict[str, Any]:
    return {
        "description": "Pakiet SMS",
        "quantity": "1",
        "unit": "szt.",
        "unit_net_price": price,
        "vat_rate": "23",
        **changes,
    }


def order(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    wanted = {"currency": "PLN", "sold_on": None, "due_days": None, "exemption": "", "note": "", "reason": "Order 88"}
    return {"lines": list(lines) or [line()], **wanted, **changes}
