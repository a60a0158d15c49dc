"""Rules of double opt-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contacts.domain import sign_ups as rules
from contracts.vocabulary import ArchiveReason

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@given(waited=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=40)), confirmed=st.booleans())
def test_a_submission_is_in_one_state_and_confirmed_ones_never_expire(waited, confirmed):
    found = rules.state_of(
        confirmed_at=NOON if confirmed else None, expires_at=NOON + rules.CONFIRM_WITHIN, now=NOON + waited
    )

    assert found == ("confirmed" if confirmed else "pending" if waited < timedelta(days=7) else "expired")


@given(of_account=st.integers(0, 12), others=st.integers(0, 12))
def test_mails_to_an_address_are_few(of_account, others):
    assert rules.may_mail(of_account=of_account, of_all=of_account + others) == (
        of_account < 3 and of_account + others < 10
    )


@given(reason=st.sampled_from(ArchiveReason))
def test_nothing_that_is_not_proven_ends_anything(reason):
    assert not rules.is_ended_by_consent(reason, proven=False)


def test_tokens_are_long_and_known_by_their_hash_alone():
    tokens = {rules.new_token() for _ in range(100)}

    assert len(tokens) == 100 and {len(token) for token in tokens} == {43}
    assert {len(rules.token_hash(token)) for token in tokens} == {32}
    assert rules.token_hash("ą\ud800") != rules.token_hash("ą")
