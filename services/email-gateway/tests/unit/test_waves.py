"""A destination that refuses a campaign is left alone with it, and nothing else is."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from email_gateway.domain.retrying import Result
from email_gateway.outbound.waves import HOLD_SECONDS, MOST_PLACES, PROBES, WAVE, Waves

RESULTS = st.sampled_from([Result.DELIVERED, Result.SPAM, Result.HARD, Result.SOFT, Result.RETRY, Result.LOST])


def refused(waves: Waves, times: int, code: str = "5.7.26", domain: str = "a.example") -> int:
    """How many waves began."""
    return sum(waves.note("c", domain, Result.SPAM, code) is not None for _ in range(times))


def test_a_wave_holds_its_campaign_at_its_destination_for_an_hour_and_then_few_find_out() -> None:
    now = [0.0]
    waves = Waves(lambda: now[0])

    assert refused(waves, WAVE - 1) == 0
    assert refused(waves, 1) == 1
    assert refused(waves, 50) == 0  # what was on its way
    assert waves.holds("c", "a.example")
    assert not waves.holds("c", "b.example") and not waves.holds("d", "a.example")

    now[0] = HOLD_SECONDS
    assert not waves.holds("c", "a.example")
    assert refused(waves, PROBES - 1) == 0
    assert refused(waves, 1) == 1
    assert waves.holds("c", "a.example")


def test_refusals_with_many_codes_or_among_many_deliveries_are_no_wave() -> None:
    waves = Waves(lambda: 0.0)
    assert sum(refused(waves, WAVE - 1, f"5.7.{number}") for number in range(9)) == 0

    waves = Waves(lambda: 0.0)
    for _ in range(WAVE * 5):
        waves.note("c", "a.example", Result.DELIVERED, "2.0.0")
    assert refused(waves, WAVE) == 0


def test_what_is_held_stays_so_however_many_other_places_answer() -> None:
    now = [0.0]
    waves = Waves(lambda: now[0])
    assert refused(waves, WAVE) == 1

    for number in range(MOST_PLACES + 1):
        waves.note("c", f"{number}.example", Result.DELIVERED, "2.0.0")

    assert waves.holds("c", "a.example")
    now[0] = HOLD_SECONDS
    assert not waves.holds("c", "a.example")
    assert refused(waves, PROBES) == 1, "few find out, as if nobody else had answered meanwhile"


def test_of_places_that_do_not_answer_any_more_few_are_remembered() -> None:
    waves = Waves(lambda: 0.0)
    assert refused(waves, WAVE - 1) == 0

    for number in range(MOST_PLACES):
        waves.note("c", f"{number}.example", Result.DELIVERED, "2.0.0")

    assert refused(waves, WAVE - 1) == 0
    assert refused(waves, 1) == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), RESULTS, st.sampled_from(["5.7.1", "5.7.26"])), max_size=200))
def test_only_refusals_of_us_hold_and_only_where_they_came_from(answers: list[tuple[str, Result, str]]) -> None:
    waves = Waves(lambda: 0.0)
    counts: Counter[tuple[str, str]] = Counter()
    held = set()
    for domain, result, code in answers:
        wave = waves.note("c", domain, result, code)
        counts[domain, code] += result is Result.SPAM
        if wave is not None:
            assert result is Result.SPAM and counts[domain, code] >= WAVE and domain not in held
            held.add(domain)
    assert {domain for domain in "ab" if waves.holds("c", domain)} == held
