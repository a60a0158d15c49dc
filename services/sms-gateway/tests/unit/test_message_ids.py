"""Ids of carriers, compared by value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.smpp.message_ids import DECIDES_WITHIN, FORMS, MessageIds, canonical, earlier_spellings


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [("0A1B", "a1b", True), ("007", "7", True), (" 7 ", "7", True), ("000", "0", True), ("aZ", "AZ", False)],
)
def test_case_and_zeros_of_numbers_do_not_matter(one: str, other: str, are_same: bool) -> None:
    assert (canonical(one) == canonical(other)) is are_same


@given(st.text(min_size=1, max_size=64), st.sampled_from(sorted(FORMS)))
def test_any_id_has_a_spelling_that_stays(identifier: str, form: str) -> None:
    ids = MessageIds(form)
    assert canonical(canonical(identifier)) == canonical(identifier)
    ids.of_answer(identifier), ids.of_receipt(identifier)


WRITTEN = {
    "same": lambda number: (f"{number:08X}", f"{number:x}"),
    "hex_to_decimal": lambda number: (str(number), f"{number:08X}"),
    "decimal_to_hex": lambda number: (f"{number:X}", f"{number:012d}"),
}


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("is_told", [True, False])
def test_ids_in_hex_and_decimal_are_found(form: str, is_told: bool) -> None:
    ids = MessageIds(form if is_told else "auto")
    for number in range(10**9, 10**9 + 300 * 7919, 7919):
        answered, reported = WRITTEN[form](number)
        sent = ids.of_answer(answered)
        received = ids.of_receipt(reported)
        if is_told or ids.form:
            assert received == sent
        else:
            assert received != sent and ids.decided(received, 1.0) == received
            assert MessageIds(form).decided(received, 1.0) == sent
    assert ids.form == form


def test_a_few_receipts_decide_after_a_while() -> None:
    ids = MessageIds("auto")
    sent = ids.of_answer("4AF00B1")
    received = ids.of_receipt(str(0x4AF00B1))

    assert ids.decided(received, DECIDES_WITHIN) == sent


def test_other_processes_ids_that_lie_close_decide_nothing() -> None:
    ids = MessageIds("auto")
    for number in range(1_000):
        ids.of_answer(str(number))
    for number in range(0, 1_000, 3):
        ids.of_receipt(str(number))

    assert ids.form in (None, "same")


def test_what_a_phone_may_have_written_teaches_nothing_of_others_messages() -> None:
    for typed_by, form in (("+48600100299", None), ("+48600100200", "decimal_to_hex"), (None, "decimal_to_hex")):
        ids = MessageIds("auto")
        for number in range(10**9, 10**9 + 150 * 7919, 7919):
            ids.of_answer(f"{number:X}", "+48600100200")
            ids.of_receipt(str(number), typed_by)
        assert ids.form == form


@given(st.from_regex(r"[0-9A-Fa-f]{1,20}", fullmatch=True), st.sampled_from(sorted(FORMS)))
def test_an_earlier_spelling_is_the_same_number_and_never_todays(spelled: str, form: str) -> None:
    identifier = MessageIds(form).of_receipt(spelled)
    earlier = earlier_spellings(identifier, spelled)

    assert {canonical(each) for each in earlier} <= {identifier}
    assert identifier not in earlier
    assert form != "same" or spelled in {identifier, *earlier}


def test_an_id_that_is_not_decided_has_no_earlier_spelling() -> None:
    assert earlier_spellings(MessageIds("auto").of_receipt("0A1B"), "0A1B") == set()
