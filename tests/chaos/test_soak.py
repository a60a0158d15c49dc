"""What `make soak` calls growth."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from soak import Footprint, growth

STEADY = [Footprint(100.0, 40, 9)] * 30


def rising(megabytes: float = 0.0, files: float = 0.0, threads: float = 0.0) -> list[Footprint]:
    """More with each of thirty samples."""
    return [Footprint(100.0 + n * megabytes, 40 + n * files, 9 + n * threads) for n in range(30)]


def test_what_stays_as_it_is_did_not_grow():
    assert growth({"sms_gateway.outbound": STEADY}) == []


@pytest.mark.parametrize("leak", [{"megabytes": 1.0}, {"files": 1.0}, {"threads": 0.5}])
def test_a_slow_leak_is_growth(leak: dict[str, float]):
    (told,) = growth({"sms_gateway.outbound": rising(**leak), "reporting.ingester": STEADY})

    assert told.startswith("sms_gateway.outbound: ")
    assert told.endswith(next(iter(leak)))


def test_caches_that_fill_in_the_first_third_are_no_growth():
    filling = [Footprint(10.0 * min(n, 10), 40, 9) for n in range(30)]

    assert growth({"contacts": filling}) == []


def test_one_peak_is_no_growth():
    peak = [*STEADY[:25], Footprint(900.0, 400, 90), *STEADY[26:]]

    assert growth({"contacts": peak}) == []


def test_too_few_samples_say_nothing():
    with pytest.raises(ValueError, match="fewer than"):
        growth({"contacts": STEADY[:3]})
