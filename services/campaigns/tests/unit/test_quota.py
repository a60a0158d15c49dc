"""Units of quota: what is reserved for the rest of a campaign covers it at the pace so far."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from campaigns import domain
from campaigns.store.leases import LeasedCampaign
from contracts.vocabulary import CampaignState, Channel

ANY: Any = None
LEASED = LeasedCampaign(
    uuid4(), uuid4(), "Lato", Channel.SMS, CampaignState.SENDING, ANY, {}, {}, None, None, [], None, uuid4(),
    recipients=1_000, dispatched_to=0, next_portion_at=None, counted=0,
)  # fmt: skip


@given(recipients=st.integers(0, 10**7), decided=st.integers(0, 10**7), each=st.integers(0, 255))
def test_expected_units_cover_one_each_and_the_pace_so_far(recipients: int, decided: int, each: int) -> None:
    decided = min(decided, recipients)
    units = domain.units_expected(taken=decided * each, decided=decided, recipients=recipients)
    assert units >= decided * each + recipients - decided
    assert units >= recipients * (each if decided else 0)


def test_a_later_step_reserves_by_its_sample_and_then_by_what_it_took() -> None:
    """Nothing is reserved for it before somebody comes to it."""
    first = replace(LEASED, place=1, units_each=3, reserved_units=0)
    assert first.is_short_of_units and first.units_at_least == 3_000
    assert domain.units_expected(taken=0, decided=0, recipients=1_000, units_each=3) == 3_000
    going = replace(first, reserved_units=3_000, units=1_000, decided=500)
    assert going.units_at_least == 2_000
    more = replace(going, recipients=1_600)
    assert more.units_at_least == 3_200 and more.is_short_of_units
    assert replace(LEASED, place=0, units_each=3).units_at_least == 1_000


def test_a_campaign_is_short_when_one_unit_each_for_the_rest_would_not_do() -> None:
    going = replace(LEASED, units_each=2, reserved_units=2_000, units=1_100, decided=100)
    assert not going.is_short_of_units
    assert replace(going, units=1_101).is_short_of_units
    # Began before this was kept: settled at its end, as before.
    assert not replace(going, units=5_000, reserved_units=None).is_short_of_units
