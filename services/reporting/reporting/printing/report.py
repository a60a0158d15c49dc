"""A campaign's report on paper: what was sent and what came of it, for people who have a minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, LongTable, Paragraph, Spacer, Table

from chassis.paper import layout
from chassis.paper.fonts import BOLD, register
from chassis.paper.layout import WIDTH, text
from contracts.vocabulary import Channel
from reporting.domain.figures import rate
from reporting.printing import charts
from reporting.printing.words import Words

Shown = Mapping[str, Any]

ROWS_SHOWN = 12
LINK_SHOWN = 75  # characters, on one line
BARS = 48
HOURS_AT_LEAST = 12
_FAILURES = ("hard_bounced", "soft_bounced", "spam_bounced", "undelivered", "expired", "rejected", "unknown")

FIGURE = ParagraphStyle("figure", layout.BODY, fontName=BOLD, fontSize=15, leading=18)
LABEL = ParagraphStyle("label", layout.SMALL, fontSize=7.5, leading=9.5)
SECTION = ParagraphStyle("section", layout.BODY, fontName=BOLD, fontSize=10.5, leading=14, spaceAfter=1.5 * mm)


def draw(shown: Shown, language: str) -> bytes:
    """The PDF of a report.

    :param shown: what `usecases.papers` gathers: the report, its `links` and `hours`, `zone`, and the moment, `at`.
    """
    register()
    words = Words(language)
    story: list[Flowable] = [
        *_head(shown, words),
        Spacer(0, 5 * mm),
        _tiles(shown, words),
        Spacer(0, 6 * mm),
        _outcome(shown, words),
    ]
    for part in (
        _by_hour(shown, words),
        _links(shown, words),
        _acts_by("device", shown["devices"], shown, words),
        _acts_by("program", shown["programs"], shown, words),
        _providers(shown, words),
        _domains(shown, words),
    ):
        if part:
            story += [Spacer(0, 6 * mm), *part]
    name = shown["name"] or str(shown["campaign_id"])
    foot = f"{words('report')}: {_short(name, 70)} · {words('printed', at=words.moment(shown['at']))}"
    return layout.render(story, title=name, author="Wici", foot=foot, language=words.language, page=words("page"))


def _short(written: str, most: int) -> str:
    return written if len(written) <= most else f"{written[: most - 1]}…"


def _head(shown: Shown, words: Words) -> list[Flowable]:
    started = shown["started_at"]
    about = [words(shown["channel"].value)]
    if shown["state"] is not None:
        state = shown["state"].value
        about.append(words.word_or(f"state_{state}", words.word_or(state, state)))
    about.append(words("started", at=words.moment(_local(started, shown))) if started else words("not_started"))
    if shown["recipients"] is not None:
        about.append(words("recipients", number=words.number(shown["recipients"])))
    return [
        text(words("report"), style=layout.SMALL),
        text(_short(shown["name"] or str(shown["campaign_id"]), 160), style=layout.TITLE),
        Spacer(0, 1.5 * mm),
        text("  ·  ".join(about)),
    ]


def _local(at: datetime, shown: Shown) -> datetime:
    return at.astimezone(ZoneInfo(shown["zone"]))


def _tiles(shown: Shown, words: Words) -> Table:
    """The figures that are asked for first, four in a row."""
    counts, rates, number = shown["counts"], shown["rates"], words.number
    if shown["channel"] is Channel.EMAIL:
        bounced = counts["hard_bounced"] + counts["soft_bounced"] + counts["spam_bounced"]
        tiles = [
            ("sent", number(counts["sent"]), ""),
            ("delivered", words.percent(rates["delivery_rate"]), number(counts["delivered"])),
            ("unique_opens", words.percent(rates["open_rate"]), number(counts["unique_opens"])),
            ("unique_clicks", words.percent(rates["click_rate"]), number(counts["unique_clicks"])),
            ("click_to_open", words.percent(rates["click_to_open_rate"]), ""),
            ("bounced", words.percent(rates["bounce_rate"]), number(bounced)),
            ("unsubscribes", words.percent(rates["unsubscribe_rate"]), number(counts["unsubscribes"])),
            ("complaints", words.percent(rates["complaint_rate"]), number(counts["complaints"])),
        ]
    elif shown["channel"] is Channel.PUSH:
        tiles = [
            ("sent", number(counts["sent"]), ""),
            ("delivered", words.percent(rates["delivery_rate"]), number(counts["delivered"])),
            ("unique_opens", words.percent(rates["open_rate"]), number(counts["unique_opens"])),
        ]
    elif "read" in counts:  # RCS, WhatsApp, Viber
        tiles = [
            ("submitted", number(counts["submitted"]), ""),
            ("delivered", words.percent(rates["delivery_rate"]), number(counts["delivered"])),
            ("read", words.percent(rates["read_rate"]), number(counts["read"])),
            ("unique_taps", words.percent(rates["click_rate"]), number(counts["unique_taps"])),
            ("unsubscribes", number(counts["unsubscribes"]), ""),
            ("cost", words.money(shown["cost"]), ""),
        ]
    else:
        tiles = [
            ("submitted", number(counts["submitted"]), ""),
            ("delivered", words.percent(rates["delivery_rate"]), number(counts["delivered"])),
            ("unique_clicks", words.percent(rates["click_rate"]), number(counts["unique_clicks"])),
            ("unsubscribes", number(counts["unsubscribes"]), ""),
            ("parts", number(counts["parts"]), ""),
            ("cost", words.money(shown["cost"]), ""),
        ]
    cells = [_tile(words(name), figure, small) for name, figure, small in tiles]
    across = 4 if len(cells) == 8 else 3
    rows = [cells[start : start + across] for start in range(0, len(cells), across)]
    return Table(
        rows,
        colWidths=[WIDTH / across] * across,
        style=[
            ("BACKGROUND", (0, 0), (-1, -1), layout.SHADE),
            ("INNERGRID", (0, 0), (-1, -1), 2.5, HexColor("#ffffff")),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 7),
            ("TOPPADDING", (0, 0), (-1, -1), 5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ],
    )


def _tile(label: str, figure: str, small: str) -> list[Flowable]:
    shown = f"{figure}{f' <font size=8 color=#5b6673>&nbsp;{small}</font>' if small else ''}"
    return [text(label, style=LABEL), Paragraph(shown, FIGURE)]


def _outcome(shown: Shown, words: Words) -> Flowable:
    """One bar: delivered, failed, under way."""
    counts = shown["counts"]
    failed = sum(counts.get(name, 0) for name in _FAILURES)
    delivered = counts["delivered"]
    awaiting = max(shown["messages"] - delivered - failed, 0)
    parts = [
        (delivered, charts.GOOD, words("delivered")),
        (failed, charts.BAD, words("failed")),
        (awaiting, charts.REST, words("awaiting")),
    ]
    legend = _legend([(colour, f"{label}: {words.number(amount)}") for amount, colour, label in parts])
    bar = charts.shares([(amount, colour) for amount, colour, _ in parts])
    return KeepTogether(
        [text(words("outcome"), style=SECTION), bar, Spacer(0, 1.5 * mm), legend, *_reasons(shown, words)]
    )


def _reasons(shown: Shown, words: Words) -> list[Flowable]:
    """Why some have not got it: how messages failed, and why people were left out."""
    lines = []
    for title, counts, names in (
        ("failed", shown["counts"], _FAILURES),
        ("left_out", shown["left_out"] or {}, tuple(shown["left_out"] or ())),
    ):
        found = [(words(f"why_{name}"), counts[name]) for name in names if counts.get(name)]
        if found:
            listed = ", ".join(f"{why} {words.number(amount)}" for why, amount in found)
            lines += [Spacer(0, 1 * mm), text(f"{words(title)}: {listed}", style=layout.SMALL)]
    return lines


def _legend(entries: Sequence[tuple[Color, str]]) -> Paragraph:
    marks = (f'<font color="#{colour.hexval()[2:]}">■</font> {label}' for colour, label in entries)
    return Paragraph(" &nbsp;&nbsp;&nbsp; ".join(marks), layout.SMALL)


def _by_hour(shown: Shown, words: Words) -> list[Flowable]:
    """Two kinds of bars over the first days; the hours in as few equal steps as fit."""
    is_email = shown["channel"] is Channel.EMAIL
    names = ("opens", "clicks") if is_email else ("delivered", "clicks")
    hours_each, groups = grouped(shown["hours"], names)
    if not groups:
        return []
    step = charts.nice_step(max((amount for _, amounts in groups for amount in amounts), default=0))
    most = max((amount for _, amounts in groups for amount in amounts), default=0)
    numbers = [words.number(step * place) for place in range(max(-(-most // step), 1) + 1)]
    colours = (charts.MAIN, charts.SECOND) if is_email else (charts.GOOD, charts.SECOND)
    drawing = charts.bars(
        [f"{_local(at, shown):%d.%m %H:%M}" for at, _ in groups],
        [[amounts[place] for _, amounts in groups] for place in range(2)],
        colours,
        numbers,
        step=step,
    )
    legend = _legend(
        [
            *((colour, words(name)) for colour, name in zip(colours, names, strict=True)),
            (layout.SHADE, words("hours_each", hours=hours_each, zone=shown["zone"])),
        ]
    )
    title = text(words("by_hour" if is_email else "by_hour_sms"), style=SECTION)
    counts, machines = shown["counts"], []
    if counts.get("machine_opens"):
        opens, clicks = (words.number(counts[name]) for name in ("machine_opens", "machine_clicks"))
        machines = [Spacer(0, 1.5 * mm), text(words("machines", opens=opens, clicks=clicks), style=layout.SMALL)]
    return [KeepTogether([title, drawing, legend, *machines])]


def grouped(hours: Sequence[Shown], names: Sequence[str]) -> tuple[int, list[tuple[datetime, list[int]]]]:
    """The hours from the first on in at most `BARS` steps, in which 95 of 100 of what happened lies: hours in each,
    and for each its beginning and amounts."""
    counted = [hour for hour in hours if any(hour[name] for name in names)]
    if not counted:
        return 1, []
    first = min(hour["hour"] for hour in counted)
    whole = sum(hour[name] for hour in counted for name in names)
    last, seen = first, 0
    for hour in sorted(counted, key=lambda one: one["hour"]):
        last, seen = hour["hour"], seen + sum(hour[name] for name in names)
        if seen >= 0.95 * whole:
            break
    span = max(int((last - first).total_seconds() // 3600) + 1, HOURS_AT_LEAST)
    each = -(-span // BARS)
    starts = [first + timedelta(hours=each * place) for place in range(-(-span // each))]
    amounts = {start: [0] * len(names) for start in starts}
    for hour in counted:
        place = int((hour["hour"] - first).total_seconds() // 3600) // each
        if place < len(starts):
            for number, name in enumerate(names):
                amounts[starts[place]][number] += hour[name]
    return each, [*amounts.items()]


def _table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
) -> list[Flowable]:
    heads = [text(columns[0], style=layout.HEAD), *(text(one, style=layout.HEAD_NUMBER) for one in columns[1:])]
    cells = [[text(row[0], style=layout.CELL), *(text(one, style=layout.NUMBER) for one in row[1:])] for row in rows]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), layout.SHADE),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, layout.RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    table = LongTable([heads, *cells], colWidths=widths, repeatRows=1, style=style)
    # The title stays with its table, which is short enough for a page.
    return [KeepTogether([text(title, style=SECTION), table])]


def _links(shown: Shown, words: Words) -> list[Flowable]:
    rows = [
        (
            _short(_called(link), LINK_SHOWN),
            words.number(link["clicks"]),
            words.number(link["unique_clicks"]),
        )
        for link in shown["links"][:ROWS_SHOWN]
    ]
    widths = (WIDTH - 50 * mm, 25 * mm, 25 * mm)
    columns = (words("link"), words("clicks"), words("people"))
    return _table(words("links"), columns, rows, widths) if rows else []


def _called(link: Shown) -> str:
    """The words of its place and where it leads; several places may lead to one address."""
    url: str = link["url"].removeprefix("https://")
    return f"{link['label']} · {url}" if link.get("label") else url


def _handed_over(shown: Shown) -> str:
    return "submitted" if "submitted" in shown["counts"] else "sent"


def _shown_domains(shown: Shown) -> list[Shown]:
    """Those with most messages, and all others in one, whose name is None; so the rows come to the whole."""
    domains: list[Shown] = list(shown["domains"][:ROWS_SHOWN])
    rest = {name: whole - sum(one["counts"][name] for one in domains) for name, whole in shown["counts"].items()}
    sent, delivered = rest[_handed_over(shown)], rest["delivered"]
    if sent <= 0:
        return domains
    rates = {
        "delivery_rate": rate(delivered, sent),
        "open_rate": rate(rest.get("unique_opens", 0), delivered),
        "click_rate": rate(rest["unique_taps" if "unique_taps" in rest else "unique_clicks"], delivered),
    }
    cost = shown["cost"]["amount"] - sum(one["cost"]["amount"] for one in domains)
    return [
        *domains,
        {"domain": None, "name": None, "counts": rest, "rates": rates, "cost": {**shown["cost"], "amount": cost}},
    ]


def _providers(shown: Shown, words: Words) -> list[Flowable]:
    rows = []
    for provider in shown["providers"][:ROWS_SHOWN]:
        rates = provider["rates"]
        name = provider["provider"]
        shares = (words.percent(rates[rate]) for rate in ("delivery_rate", "open_rate", "click_rate"))
        row = (words.word_or(name, name.capitalize()), words.number(provider["counts"]["sent"]), *shares)
        rows.append(row)
    columns = [words(name) for name in ("provider", "sent", "delivered", "unique_opens", "unique_clicks")]
    return _table(words("providers"), columns, rows, (WIDTH - 4 * 29 * mm, *[29 * mm] * 4)) if rows else []


def _domains(shown: Shown, words: Words) -> list[Flowable]:
    """By domain or network; nothing where nobody can tell, as of push."""
    is_email = shown["channel"] is Channel.EMAIL
    if not any(one["name"] for one in shown["domains"]):
        return []
    rows = []
    for domain in _shown_domains(shown):
        counts, rates = domain["counts"], domain["rates"]
        name = words("other") if domain["name"] is None else domain["name"] or words("unknown")
        row = [_short(name, 60), words.number(counts[_handed_over(shown)])]
        row.append(words.percent(rates["delivery_rate"]))
        if is_email:
            row.append(words.percent(rates["open_rate"]))
        row.append(words.percent(rates["click_rate"]))
        rows.append(row if is_email else [*row, words.money(domain["cost"])])
    columns = [words("domain" if is_email else "network"), words("sent"), words("delivered")]
    columns += [words("unique_opens")] if is_email else []
    columns += [words("unique_clicks")] if is_email else [words("unique_clicks"), words("cost")]
    widths = [WIDTH - (len(columns) - 1) * 29 * mm, *[29 * mm] * (len(columns) - 1)]
    return _table(words("domains" if is_email else "networks"), columns, rows, widths) if rows else []


def _acts_by(what: str, acts: Sequence[Shown], shown: Shown, words: Words) -> list[Flowable]:
    """Opens and clicks by `device` or `program`."""
    names = ("opens", "clicks") if shown["channel"] is Channel.EMAIL else ("clicks",)
    rows = [
        (words.word_or(one[what], one[what]), *(words.number(one[name]) for name in names))
        for one in acts[:ROWS_SHOWN]
        if any(one[name] for name in names)
    ]
    widths = (WIDTH - len(names) * 29 * mm, *[29 * mm] * len(names))
    columns = (words(what), *map(words, names))
    return _table(words(f"{what}s"), columns, rows, widths) if rows else []
