"""A/B tests: whom each variant goes to, and what the figures say."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import domain
from campaigns.domain import Split
from campaigns.domain.variants import LEAST_EACH, two_proportions
from contracts.errors import Invalid
from contracts.lanes import BATCH_SIZE
from contracts.vocabulary import AbMetric, AbOutcome

SPLITS = st.builds(Split, st.integers(2, 5), st.integers(1, 700))


@given(SPLITS)
def test_every_number_has_one_variant_and_every_variant_as_many(split: Split) -> None:
    variants = [split.variant_of(number) for number in range(1, split.tested + 1)]
    assert Counter(variants) == dict.fromkeys(range(split.variants), split.each)
    assert split.variant_of(split.tested + 1) is None


@given(SPLITS)
def test_blocks_are_what_has_one_variant_side_by_side(split: Split) -> None:
    ends = {split.block_end(number) for number in range(1, split.tested + 1)}
    assert max(ends) == split.tested
    for end in ends:
        assert split.variant_of(end + 1) != split.variant_of(end)
    numbers = range(1, split.tested + 1)
    for _, alike in groupby(numbers, key=split.block_end):
        block = list(alike)
        assert len({split.variant_of(number) for number in block}) == 1 and len(block) <= BATCH_SIZE


@given(SPLITS, st.data())
def test_no_variant_is_ever_ahead_of_another_by_more_than_a_block(split: Split, data: st.DataObject) -> None:
    sent = data.draw(st.integers(0, split.tested))
    counts = Counter(split.variant_of(number) for number in range(1, sent + 1))
    assert max(counts.values(), default=0) - min(counts[variant] for variant in range(split.variants)) <= split.block


@given(st.integers(0, 10**7), st.integers(1, 90), st.integers(2, 5))
def test_share_is_never_more_than_was_asked_for_and_leaves_somebody(total: int, share: int, variants: int) -> None:
    try:
        split = domain.split_of(total, share, variants)
    except Invalid as refused:
        least = refused.extra["least"]
        assert refused.errors[0]["parameters"] == refused.extra == {"audience": total, "least": least}
        assert total < least and domain.split_of(least, share, variants).each >= LEAST_EACH
    else:
        assert split.tested * 100 <= total * share and total * share / 100 - split.tested < variants


def counts(*figures: tuple[int, int]) -> list[dict[str, int]]:
    return [{"delivered": of, "opened": did, "clicked": 0, "sent": of} for did, of in figures]


@given(st.integers(1, 999), st.integers(1, 999))
def test_two_proportions_are_the_chi_square_of_the_same_table(did: int, other_did: int) -> None:
    """Pearson's sum over the four cells is another way to the same figure."""
    table = [[did, 1000 - did], [other_did, 1000 - other_did]]
    columns = [sum(row[column] for row in table) for column in (0, 1)]
    chi_square = sum(
        (row[column] - columns[column] / 2) ** 2 / (columns[column] / 2) for row in table for column in (0, 1)
    )
    z = two_proportions((did, 1000), (other_did, 1000))
    assert z**2 == pytest.approx(chi_square, abs=1e-9) and (z > 0) == (did > other_did)
    p_value = domain.judge(AbMetric.OPENS, counts((did, 1000), (other_did, 1000))).p_value
    assert p_value is None or p_value == pytest.approx(2 * NormalDist().cdf(-abs(z)), abs=1e-12)


@pytest.mark.parametrize(
    ("figures", "outcome", "best"),
    [
        ([(200, 1000), (300, 1000)], AbOutcome.CLEAR, 1),
        ([(200, 1000), (205, 1000)], AbOutcome.INCONCLUSIVE, 1),
        ([(200, 1000), (200, 1000)], AbOutcome.TIE, None),
        ([(100, 500), (200, 1000)], AbOutcome.TIE, None),
        ([(0, 1000), (4, 1000)], AbOutcome.TOO_SMALL, 1),
        ([(1000, 1000), (1000, 1000)], AbOutcome.TOO_SMALL, None),
        ([(0, 0), (200, 1000)], AbOutcome.TOO_SMALL, 1),
        ([(0, 0), (0, 0)], AbOutcome.TOO_SMALL, None),
        # Clear of two, but the best of five chances.
        ([(200, 1000), (240, 1000)], AbOutcome.CLEAR, 1),
        ([(200, 1000), (240, 1000), (200, 1000), (190, 1000), (180, 1000)], AbOutcome.INCONCLUSIVE, 1),
    ],
)
def test_verdict(figures: list[tuple[int, int]], outcome: AbOutcome, best: int | None) -> None:
    verdict = domain.judge(AbMetric.OPENS, counts(*figures))
    assert (verdict.outcome, verdict.best) == (outcome, best)


@given(st.lists(st.integers(0, 50).flatmap(lambda did: st.tuples(st.just(did), st.integers(did, 60))), min_size=2))
def test_verdict_is_one_of_the_highest_rate_and_p_is_a_probability(figures: list[tuple[int, int]]) -> None:
    verdict = domain.judge(AbMetric.OPENS, counts(*figures))
    assert verdict.p_value is None or 0 <= verdict.p_value <= 1
    if verdict.best is not None:
        highest = max(rate for rate in verdict.rates if rate is not None)
        assert verdict.rates[verdict.best] == highest
    assert verdict.outcome is not AbOutcome.CLEAR or verdict.best is not None


@pytest.mark.parametrize(
    ("metric", "rate"),
    [
        (AbMetric.OPENS, 0.5), (AbMetric.CLICKS, 0.1), (AbMetric.CLICK_TO_OPEN, 0.2), (AbMetric.DELIVERED, 0.8),
    ],
)  # fmt: skip
def test_each_metric_has_its_own_base(metric: AbMetric, rate: float) -> None:
    one = {"sent": 1000, "delivered": 800, "opened": 400, "clicked": 80}
    assert domain.judge(metric, [one, one]).rates == pytest.approx([rate, rate])


@given(st.sets(st.sampled_from(["html", "mjml", "text", "subject"])), st.sampled_from(["html", "mjml", "text"]))
def test_a_variant_that_brings_a_body_has_nothing_left_of_the_campaigns(base: set[str], brought: str) -> None:
    content = {name: f"the campaign's {name}" for name in base}
    said = domain.messages_of("S", content, [{"content": {brought: "its own"}}, {"content": {"subject": "its own"}}])

    bodies = {"html", "mjml", "text"} if brought != "text" else {"text"}
    assert said[0].content == {name: value for name, value in content.items() if name not in bodies} | {
        brought: "its own"
    }
    assert said[1].content == content | {"subject": "its own"}
