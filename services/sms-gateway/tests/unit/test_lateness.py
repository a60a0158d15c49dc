"""Whether a carrier's receipts come in time."""

from __future__ import annotations

from sms_gateway.domain.lateness import AT_LEAST, SHARES, Lateness
from sms_gateway.outbound.receipt_watch import MOST, ReceiptWatch


def test_it_is_late_when_half_of_a_sample_have_no_receipt_and_comes_back_step_by_step() -> None:
    lateness = Lateness()
    assert not lateness.note(AT_LEAST, AT_LEAST // 2 - 1) and not lateness.is_late
    assert lateness.note(AT_LEAST, AT_LEAST // 2) and lateness.is_late

    shares = [lateness.share]
    while lateness.is_late:
        assert lateness.note(AT_LEAST, 0)
        shares.append(lateness.share)
    assert tuple(shares) == SHARES
    assert not lateness.note(AT_LEAST, 0)


def test_one_bad_look_takes_all_of_it_again() -> None:
    lateness = Lateness()
    lateness.note(AT_LEAST, AT_LEAST)
    lateness.note(AT_LEAST, 0)
    assert lateness.note(AT_LEAST, AT_LEAST)
    assert lateness.share == SHARES[0]


def test_a_few_messages_say_nothing_until_they_are_enough() -> None:
    lateness = Lateness()
    for _ in range(AT_LEAST - 1):
        assert not lateness.note(1, 1)
    assert lateness.note(1, 1)


def test_the_sample_is_looked_at_once_when_its_receipts_are_due() -> None:
    watch = ReceiptWatch(60.0)
    for tenth in range(100):
        watch.note_taken(tenth / 10, str(tenth))

    assert watch.due(59.9) == []
    assert watch.due(60.0) == ["0"]
    assert watch.due(80.0) == [str(tenth) for tenth in range(5, 100, 5)]
    assert watch.due(80.0) == []


def test_a_look_is_bounded() -> None:
    watch = ReceiptWatch(10.0)
    for moment in range(MOST + 50):
        watch.note_taken(float(moment), str(moment))
    assert [len(watch.due(1e6)), len(watch.due(1e6))] == [MOST, 50]
