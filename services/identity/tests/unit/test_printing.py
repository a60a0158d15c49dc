"""Invoices on paper, read back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from identity.domain.invoices import Line, sums
from identity.printing import Printer

PRINTER = Printer()


def money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "PLN"}


def shown(*lines: Line, **changes: Any) -> dict[str, Any]:
    """An invoice as `usecases.views.invoice` shows it."""
    rates = sums(lines)
    net, vat = sum(rate.net for rate in rates), sum(rate.vat for rate in rates)
    return {
        "kind": "invoice",
        "number": "FV/2026/000123",
        "state": "issued",
        "issued_on": date(2026, 11, 2),
        "sold_on": date(2026, 10, 31),
        "due_on": date(2026, 11, 16),
        "seller": {
            "name": "Wici Łączność sp. z o.o.",
            "address": "ul. Źródlana 5\n00-001 Warszawa",
            "vat_number": "1234563218",
            "bank_account": "61 1090 1014 0000 0712 1981 2874",
            "email": "",
        },
        "buyer": {"name": "Zażółć gęślą jaźń s.c.", "address": "ul. Żółwia 1", "vat_number": "5260250274"},
        "lines": [_line(line) for line in lines],
        "lines_before": None,
        "vat_rates": [
            {
                "vat_rate": rate.vat_rate,
                "net": money(rate.net),
                "vat": money(rate.vat),
                "gross": money(rate.gross),
            }
            for rate in rates
        ],
        "net": money(net),
        "vat": money(vat),
        "gross": money(net + vat),
        "exemption": "",
        "note": "",
        "corrects": None,
        **changes,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "description": line.description,
        "quantity": f"{line.quantity / 1000:g}",
        "unit": line.unit,
        "unit_net_price": money(line.unit_price),
        "vat_rate": line.vat_rate,
        "net": money(line.net),
    }


def pages(paper: bytes) -> list[str]:
    return [page.extract_text().replace("\u00a0", " ") for page in PdfReader(BytesIO(paper)).pages]


SMS = Line("Wysyłka SMS", 1_500, "tys.", 123_456_789, "23")


def test_everything_that_the_law_wants_is_on_it() -> None:
    (page,) = pages(
        PRINTER.invoice(shown(SMS, Line("Szkolenie", 1000, "godz.", 100, "zw"), exemption="art. 43 ust. 1"))
    )

    for expected in (
        "Faktura nr FV/2026/000123",
        "Data wystawienia: 02.11.2026",
        "Data sprzedaży: 31.10.2026",
        "Wici Łączność sp. z o.o.",
        "NIP: 1234563218",
        "Zażółć gęślą jaźń s.c.",
        "NIP: 5260250274",
        "Wysyłka SMS",
        "1,5",
        "1 234 567,89",
        "1 851 851,84",
        "425 925,92",
        "Do zapłaty: 2 277 778,76 PLN",
        "Termin płatności: 16.11.2026",
        "61 1090 1014 0000 0712 1981 2874",
        "Podstawa zwolnienia z VAT: art. 43 ust. 1",
        "Strona 1 z 1",
    ):
        assert expected in page
    assert "DUPLIKAT" not in page


def test_the_same_invoice_is_the_same_file_whoever_prints_beside() -> None:
    wanted = [shown(*[SMS] * lines, note=f"Zamówienie {lines}") for lines in range(10, 18)]
    alone = [Printer().invoice(each) for each in wanted]
    together = Printer()

    with ThreadPoolExecutor(8) as callers:
        assert list(callers.map(together.invoice, wanted * 2)) == alone * 2
    assert len(set(alone)) == len(wanted)
    assert max(map(len, alone)) < 100_000


def test_a_duplicate_says_so_and_when() -> None:
    (page,) = pages(PRINTER.invoice(shown(SMS), date(2026, 12, 1)))

    assert "DUPLIKAT" in page
    assert "z dnia 01.12.2026" in page
    assert "Data wystawienia: 02.11.2026" in page


def test_long_lists_flow_over_numbered_pages_with_heads() -> None:
    found = pages(PRINTER.invoice(shown(*[Line(f"Pozycja {n}", 1000, "szt.", 100, "23") for n in range(1, 201)])))

    assert len(found) > 3
    for number, page in enumerate(found, start=1):
        assert f"Strona {number} z {len(found)}" in page
        assert "Nazwa towaru lub usługi" in page or number == len(found)
    assert "Pozycja 200" in found[-1]


def test_a_correction_shows_before_after_and_the_difference() -> None:
    correction = shown(
        SMS,
        kind="correction",
        number="FK/2026/000001",
        lines=[],
        lines_before=[_line(SMS)],
        corrects={"number": "FV/2026/000123", "issued_on": date(2026, 11, 2)},
        net=money(-100),
        vat=money(-23),
        gross=money(-123),
        note="Przyczyna korekty: zwrot",
    )
    (page,) = pages(PRINTER.invoice(correction))

    for expected in (
        "do faktury nr FV/2026/000123",
        "Przed korektą",
        "Po korekcie",
        "Różnica",
        "−1,23",
        "Do zwrotu: 1,23",
    ):
        assert expected in page
    assert "Termin płatności" not in page


@pytest.mark.parametrize("state", ["cancelled"])
def test_a_cancelled_invoice_says_so(state: str) -> None:
    assert "ANULOWANA" in pages(PRINTER.invoice(shown(SMS, state=state)))[0]


@settings(max_examples=40)
@given(
    st.text(min_size=1, max_size=500),
    st.text(max_size=500),
    st.text(max_size=500),
    st.integers(0, 10**12),
)
def test_whatever_is_written_can_be_printed(description: str, address: str, note: str, price: int) -> None:
    wanted = shown(
        Line(description, 10**12, "W" * 10, price, "np"),
        buyer={"name": address[:200], "address": address, "vat_number": "DE<b>1"},
        note=note,
    )

    assert PRINTER.invoice(wanted).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "text", ["W" * 500, "\n" * 500, "<b>&amp;</para>", "\x01\x1f\ufffe", "日本 😀 عربي", "a " * 250]
)
def test_awkward_text_is_printed_too(text: str) -> None:
    wanted = shown(
        Line(text, 1000, text[:10], 100, "23"), buyer={"name": text, "address": text, "vat_number": ""}, note=text
    )

    assert len(pages(PRINTER.invoice(wanted))) <= 2
