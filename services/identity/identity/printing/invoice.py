"""An invoice as Polish law and habit have it: art. 106e of the VAT act; 106j for corrections, 106l for duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, LongTable, Spacer, Table

from chassis.paper import layout
from chassis.paper.fonts import register
from chassis.paper.layout import WIDTH, money, text
from identity.domain.invoices import OUTSIDE, is_foreign

Shown = Mapping[str, Any]

COLUMNS = ("Lp.", "Nazwa towaru lub usługi", "Ilość", "J.m.", "Cena netto", "VAT", "Wartość netto")
WIDTHS = (9 * mm, WIDTH - 105 * mm, 18 * mm, 13 * mm, 26 * mm, 12 * mm, 27 * mm)
RATE_WIDTHS = (24 * mm, 30 * mm, 28 * mm, 32 * mm)
REVERSE_CHARGE = "Odwrotne obciążenie (reverse charge)"


def draw(invoice: Shown, duplicate_on: date | None = None) -> bytes:
    """The PDF of an invoice as `usecases.views.invoice` shows it.

    :param duplicate_on: the day of the duplicate, which is then marked so; None for the invoice itself.
    """
    register()
    story: list[Flowable] = [
        _head(invoice, duplicate_on),
        Spacer(0, 7 * mm),
        _parties(invoice),
        Spacer(0, 7 * mm),
    ]
    if invoice["lines_before"] is not None:
        story += _content("Przed korektą", invoice["lines_before"])
        story += _content("Po korekcie", invoice["lines"])
    else:
        story += [_lines(invoice["lines"])]
    story += [Spacer(0, 5 * mm), KeepTogether([_sums(invoice), Spacer(0, 5 * mm), *_payment(invoice)])]
    name = _name(invoice)
    foot = f"{name}{f', duplikat z {_day(duplicate_on)}' if duplicate_on else ''}"
    return layout.render(story, title=foot, author=invoice["seller"]["name"], foot=foot)


def _name(invoice: Shown) -> str:
    kind = "Faktura korygująca" if invoice["kind"] == "correction" else "Faktura"
    return f"{kind} nr {invoice['number']}"


def _head(invoice: Shown, duplicate_on: date | None) -> Table:
    left = [text(_name(invoice), style=layout.TITLE)]
    if invoice["corrects"]:
        corrected = invoice["corrects"]
        left.append(text(f"do faktury nr {corrected['number']} z dnia {_day(corrected['issued_on'])}"))
    right: list[Flowable] = []
    if duplicate_on:
        right.append(text("DUPLIKAT", f"z dnia {_day(duplicate_on)}", style=layout.MARK))
    if invoice["state"] == "cancelled":
        right.append(text("ANULOWANA", style=layout.MARK))
    dates = text(f"Data wystawienia: {_day(invoice['issued_on'])}", f"Data sprzedaży: {_day(invoice['sold_on'])}")
    return _plain([[left, right or ""], [dates, ""]], (WIDTH - 50 * mm, 50 * mm))


def _parties(invoice: Shown) -> Table:
    return _plain(
        [
            [text("Sprzedawca", style=layout.SMALL), text("Nabywca", style=layout.SMALL)],
            [_party(invoice["seller"]), _party(invoice["buyer"])],
        ],
        (WIDTH / 2, WIDTH / 2),
        ("LINEABOVE", (0, 0), (-1, 0), 0.6, layout.RULE),
    )


def _party(party: Shown) -> list[Flowable]:
    number = party["vat_number"]
    shown = [text(party["name"], style=layout.BOLD_BODY), text(*_address(party["address"]))]
    if number:
        shown.append(text(f"{'NIP' if number[:1].isdigit() else 'VAT'}: {number}"))
    if party.get("email"):
        shown.append(text(party["email"]))
    return shown


def _address(written: str) -> list[str]:
    """The lines of an address, of which there are few however many were typed."""
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    return [*lines[:4], *([", ".join(lines[4:])] if lines[4:] else [])]


def _content(title: str, lines: Sequence[Shown]) -> list[Flowable]:
    """The lines before or after a correction."""
    table = _lines(lines) if lines else text("Brak pozycji")
    return [text(title, style=layout.BOLD_BODY), Spacer(0, 1.5 * mm), table, Spacer(0, 5 * mm)]


def _lines(lines: Sequence[Shown]) -> LongTable:
    heads = [layout.HEAD, layout.HEAD, layout.HEAD_NUMBER, layout.HEAD, *[layout.HEAD_NUMBER] * 3]
    rows = [[text(name, style=style) for name, style in zip(COLUMNS, heads, strict=True)]]
    for position, line in enumerate(lines, start=1):
        cells = [
            (str(position), layout.CELL),
            (line["description"], layout.CELL),
            (line["quantity"].replace(".", ","), layout.NUMBER),
            (line["unit"], layout.CELL),
            (money(line["unit_net_price"]["amount"]), layout.NUMBER),
            (_rate(line["vat_rate"]), layout.NUMBER),
            (money(line["net"]["amount"]), layout.NUMBER),
        ]
        rows.append([text(written, style=style) for written, style in cells])
    return LongTable(rows, colWidths=WIDTHS, repeatRows=1, style=_grid())


def _sums(invoice: Shown) -> Table:
    """The sums by rate, and what they come to; of a correction, by how much it changes them."""
    names = ("Stawka VAT", "Wartość netto", "Kwota VAT", "Wartość brutto")
    rows = [[text(name, style=layout.HEAD if name == names[0] else layout.HEAD_NUMBER) for name in names]]
    for rate in invoice["vat_rates"]:
        amounts = [text(money(rate[part]["amount"]), style=layout.NUMBER) for part in ("net", "vat", "gross")]
        rows.append([text(_rate(rate["vat_rate"]), style=layout.CELL), *amounts])
    whole = [text(money(invoice[part]["amount"]), style=layout.BOLD_NUMBER) for part in ("net", "vat", "gross")]
    label = "Różnica" if invoice["kind"] == "correction" else "Razem"
    rows.append([text(label, style=layout.BOLD_BODY), *whole])
    return Table(rows, colWidths=RATE_WIDTHS, hAlign="RIGHT", style=_grid())


def _payment(invoice: Shown) -> list[Flowable]:
    gross, currency = invoice["gross"]["amount"], invoice["gross"]["currency"]
    label = "Do zwrotu" if gross < 0 else "Do zapłaty"
    shown: list[Flowable] = [text(f"{label}: {money(abs(gross))} {currency}", style=layout.TOTAL), Spacer(0, 4 * mm)]
    if gross > 0:
        shown.append(text(f"Sposób płatności: przelew. Termin płatności: {_day(invoice['due_on'])}"))
        if invoice["seller"]["bank_account"]:
            shown.append(text(f"Numer rachunku: {invoice['seller']['bank_account']}"))
    if invoice["exemption"]:
        shown.append(text(f"Podstawa zwolnienia z VAT: {invoice['exemption']}"))
    if is_foreign(invoice["buyer"]["vat_number"]) and any(line["vat_rate"] == OUTSIDE for line in invoice["lines"]):
        shown.append(text(REVERSE_CHARGE))
    if invoice["note"]:
        shown.append(text(invoice["note"]))
    return shown


def _rate(vat_rate: str) -> str:
    return f"{vat_rate}%" if vat_rate.isdigit() else vat_rate


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _plain(rows: list[list[Any]], widths: Sequence[float], *styles: Any) -> Table:
    edges = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ]
    return Table(rows, colWidths=widths, style=[*edges, *styles])


def _grid() -> list[Any]:
    return [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), layout.SHADE),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, layout.RULE),
        ("LINEABOVE", (0, 0), (-1, 0), 0.6, layout.RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
