"""Reports on paper, read back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from contracts.vocabulary import CampaignState, Channel
from reporting.domain import figures
from reporting.domain.counting import METRICS
from reporting.printing import Printer
from reporting.printing.charts import nice_step
from reporting.printing.report import BARS, grouped

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
NO_TOTALS = dict.fromkeys(METRICS, 0)
TOTALS = NO_TOTALS | {"messages": 11946, "sent": 11940, "delivered": 11702, "unique_opens": 4381, "unique_clicks": 702,
                      "machine_opens": 2093, "parts": 23880, "hard_bounced": 244}  # fmt: skip


def shown(channel: Channel, totals: dict[str, int] = TOTALS, **changes: Any) -> dict[str, Any]:
    counts, rates = figures.report_counts(channel, totals), figures.report_rates(channel, totals)
    return {
        "campaign_id": UUID(int=7), "name": "Źdźbło jaźni, łąka", "channel": channel, "state": CampaignState.SENT,
        "started_at": START, "recipients": 11954, "messages": totals["messages"], "counts": counts, "rates": rates,
        "cost": {"amount": 123456, "currency": "PLN"}, "zone": "Europe/Warsaw", "at": START,
        "domains": [
            {"domain": "wp.pl", "name": "wp.pl", "counts": counts, "rates": rates,
             "cost": {"amount": 91234, "currency": "PLN"}}
        ],
        "left_out": None,
        "providers": [{"provider": "wp", "counts": counts, "rates": rates}] if channel is Channel.EMAIL else [],
        "devices": [{"device": "mobile", "opens": 3800, "clicks": 510}],
        "programs": [{"program": "apple_mail", "opens": 3800, "clicks": 510}],
        "links": [{"number": 0, "url": "https://sklep.example/łóżka?kod=…", "clicks": 640, "unique_clicks": 512}],
        "hours": [{"hour": START, "delivered": 11702, "opens": 2210, "clicks": 301}],
    } | changes  # fmt: skip


def text_of(paper: bytes) -> str:
    return "\n".join(page.extract_text().replace("\u00a0", " ") for page in PdfReader(BytesIO(paper)).pages)


def test_a_report_says_its_figures_in_polish_and_in_hours_of_the_account() -> None:
    said = text_of(Printer().report(shown(Channel.EMAIL), "pl"))

    for part in (
        "Źdźbło jaźni, łąka",
        "11 940",
        "37,4 %",
        "98,0 %",
        "24.11.2026, 09:00",
        "Telefon",
        "Apple Mail",
        "łóżka",
        "2 093",
    ):
        assert part in said
    assert "Strona 1 z 1" in said


def test_a_report_of_sms_says_parts_and_cost_in_english() -> None:
    said = text_of(Printer().report(shown(Channel.SMS), "en"))

    for part in ("11,940", "23,880", "1,234.56 PLN", "912.34 PLN", "Recipients' networks", "Page 1 of 1"):
        assert part in said
    assert "Opens" not in said


def test_domains_that_do_not_fit_are_one_row_so_that_the_table_comes_to_the_whole() -> None:
    few = NO_TOTALS | {"messages": 100, "sent": 100, "delivered": 90}
    counts, rates = figures.report_counts(Channel.EMAIL, few), figures.report_rates(Channel.EMAIL, few)
    cost = {"amount": 0, "currency": "PLN"}
    domains = [
        {"domain": f"firma{n}.pl", "name": f"firma{n}.pl", "counts": counts, "rates": rates, "cost": cost}
        for n in range(20)
    ]  # fmt: skip

    said = text_of(Printer().report(shown(Channel.EMAIL, domains=domains), "pl"))

    assert "firma11.pl" in said and "firma12.pl" not in said
    # 11 940 less 12 times 100; 10 622 of them delivered.
    assert " ".join(said.split()).find("Pozostałe 10 740 98,9 %") > 0


def test_a_report_says_why_some_have_not_got_it() -> None:
    left_out = {"archived": 31, "capped": 7, "erased": 0}

    said = text_of(Printer().report(shown(Channel.EMAIL, left_out=left_out), "pl"))

    assert "Niedostarczone: adres nie istnieje 244" in said
    assert "Pominięci: w archiwum 31, limit częstotliwości 7" in said


def test_where_nobody_can_tell_the_network_there_is_no_table_of_them() -> None:
    totals = {
        "counts": figures.report_counts(Channel.PUSH, TOTALS),
        "rates": figures.report_rates(Channel.PUSH, TOTALS),
    }
    domains = [{"domain": "", "name": "", **totals, "cost": {"amount": 0, "currency": "PLN"}}]

    assert "networks" not in text_of(Printer().report(shown(Channel.PUSH, domains=domains), "en"))


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_has_a_report_on_paper(channel: Channel) -> None:
    said = text_of(Printer().report(shown(channel), "en"))

    assert "11,940" in said and ("37.4%" in said) == (channel is not Channel.SMS), "opened, or read"


@pytest.mark.parametrize("channel", Channel)
def test_a_campaign_of_which_nothing_is_known_yet_has_a_report(channel: Channel) -> None:
    nothing = {"name": None, "state": None, "started_at": None, "recipients": None, "domains": [], "devices": [],
               "providers": [], "programs": [], "links": [], "hours": []}  # fmt: skip

    assert "–" in text_of(Printer().report(shown(channel, NO_TOTALS, **nothing), "pl"))


@settings(max_examples=4, deadline=None)
@given(name=st.text(max_size=400), url=st.text(max_size=3000))
def test_whatever_a_customer_wrote_is_printed_and_breaks_nothing(name: str, url: str) -> None:
    links = [{"number": number, "url": url, "clicks": 1, "unique_clicks": 1} for number in range(40)]

    assert Printer().report(shown(Channel.EMAIL, name=name, links=links), "pl").startswith(b"%PDF")


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 1000), st.integers(0, 1000)), max_size=60))
def test_hours_are_grouped_into_so_many_bars_and_none_is_counted_twice(acts: list[tuple[int, int, int]]) -> None:
    by_hour = {after: (opens, clicks) for after, opens, clicks in acts}
    hours = [{"hour": START + timedelta(hours=after), "opens": opens, "clicks": clicks}
             for after, (opens, clicks) in by_hour.items()]  # fmt: skip

    each, groups = grouped(hours, ("opens", "clicks"))

    whole = sum(opens + clicks for opens, clicks in by_hour.values())
    drawn = sum(sum(amounts) for _, amounts in groups)
    assert len(groups) <= BARS
    assert each >= 1
    assert 0.95 * whole <= drawn <= whole


@given(st.integers(0, 10**12))
def test_an_axis_has_few_round_steps_and_reaches_the_top(most: int) -> None:
    step = nice_step(most)

    assert step * 4 >= most
    assert str(step).rstrip("0") in ("1", "2", "5")
