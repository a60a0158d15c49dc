"""The rules of counting, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.vocabulary import STATE_RANK, Channel, MessageState
from reporting.domain import counting, devices, figures, states
from reporting.domain.counting import Dimension, Origin, Standing, Tally

ORIGIN = Origin(UUID(int=1), UUID(int=2), "sms", datetime(2026, 11, 24, 8, tzinfo=UTC))
HOUR = datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_tens_of_a_state_code_are_its_rank() -> None:
    assert {state: code // 10 for state, code in states.STATE_CODE.items()} == STATE_RANK


def test_every_state_has_a_counter_and_every_counter_a_column() -> None:
    assert {state.value for state in MessageState} <= set(counting.METRICS)


def test_what_is_taken_back_and_added_again_leaves_no_trace() -> None:
    tally = Tally()
    standing = Standing(MessageState.DELIVERED, HOUR, HOUR, "pl.plus", parts=2, cost=14)

    counting.count(tally, ORIGIN, standing, -1)
    counting.count(tally, ORIGIN, standing, 1)

    assert tally.changes() == []


def test_changes_come_in_the_order_in_which_all_take_the_locks() -> None:
    tally = Tally()
    for scope in (3, 1, 2):
        tally.add(UUID(int=9), (UUID(int=scope), Dimension.TOTAL, ""), "sent", 1)

    assert [key[0].int for key, _, _ in tally.changes()] == [1, 2, 3]


@pytest.mark.parametrize(("part", "whole", "share"), [(-1, 4, 0.0), (5, 4, 1.0), (1, 3, 0.3333), (1, -2, None)])
def test_a_rate_is_from_0_to_1_whatever_older_counters_say(part: int, whole: int, share: float | None) -> None:
    assert figures.rate(part, whole) == share


def test_parts_and_cost_count_only_once_handed_over() -> None:
    tally = Tally()
    waiting = Standing(MessageState.REJECTED, HOUR, None, "pl.plus", parts=2, cost=14)

    counting.count(tally, ORIGIN, waiting, 1)

    totals = tally.amounts[UUID(int=2), Dimension.TOTAL, ""]
    assert totals == {"messages": 1, "rejected": 1}


def test_rates_are_null_without_a_denominator() -> None:
    nothing = dict.fromkeys(counting.METRICS, 0)

    assert set(figures.report_rates(Channel.EMAIL, nothing).values()) == {None}


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "mobile"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/120 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15", "tablet"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17 Safari/605.1.15", "desktop"),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "unknown"),
        ("Mozilla/5.0", "bot"),
        ("", "unknown"),
    ],
)
def test_devices(user_agent: str, device: str) -> None:
    assert devices.device_of(user_agent) == device


@pytest.mark.parametrize(
    ("user_agent", "key"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
         " Mobile/15E148", "mobile/apple_mail"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
         "desktop/apple_mail"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
         " Safari/605.1.15", "desktop/safari"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
         " Edg/140.0", "desktop/edge"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
         "desktop/chrome"),
        ("Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0"
         " Chrome/117.0 Mobile Safari/537.36", "mobile/samsung_internet"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0"
         " Mobile/15E148 Safari/604.1", "mobile/chrome"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.1.0", "desktop/thunderbird"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "desktop/firefox"),
        ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.5110)", "desktop/outlook"),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "unknown/gmail"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "unknown/yahoo"),
        ("Mozilla/5.0", "bot"),
        ("", "unknown/other"),
    ],
)  # fmt: skip
def test_programs_by_device(user_agent: str, key: str) -> None:
    assert devices.device_key(user_agent) == key
    assert devices.parts_of(key) == (key.partition("/")[0], key.partition("/")[2] or "bot")


def test_what_older_releases_counted_names_no_program() -> None:
    assert devices.parts_of("mobile") == ("mobile", "unknown")
