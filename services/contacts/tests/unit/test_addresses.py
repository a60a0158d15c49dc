from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.domain import emails, phones, rows, second_look

SPELLINGS = ["+48505603496", "0505603496", "505603496", "0048505603496", "505 603 496", "+48 505-603-496",
             "(48) 505 603 496"]  # fmt: skip

digits = st.text("0123456789", min_size=5, max_size=14)
prefixes = st.sampled_from(["", "+48", "0048", "48", "0", "+", "00", "(48) ", "+49", "+4", "004", "00480"])
starts = st.sampled_from(["45", "50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88", "22", "80"])
mobile = st.tuples(starts, st.text("0123456789", min_size=6, max_size=8)).map("".join)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_seven_spellings_are_one_number(spelling):
    assert phones.to_e164(spelling, "PL") == "+48505603496"


@pytest.mark.parametrize(
    "raw", ["", "brak", "n/d", "505", "505-603-49a", "+48 12", "+4850560349612", "505 603 49", "+"]
)
def test_what_is_no_number_is_none(raw):
    assert phones.to_e164(raw, "PL") is None


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(prefixes, digits | mobile, st.sampled_from(["", " ", "-", "\u00a0", ")"])), min_size=20, max_size=20
    )
)
def test_the_cheap_path_says_what_phonenumbers_says(parts):
    for prefix, number, separator in parts:
        raw = f"{prefix}{number[:3]}{separator}{number[3:]}"
        assert phones.to_e164(raw, "PL") == phones.by_authority(raw, "PL")


@settings(max_examples=100)
@given(st.lists(st.text("+0123456789 -\n\u00a0a", max_size=16) | mobile, max_size=12))
def test_a_column_of_numbers_is_what_each_of_them_is(cells):
    assert phones.all_dialled_in("PL")(cells) == [phones.by_authority(raw, "PL") if raw else "" for raw in cells]


@settings(max_examples=100)
@given(st.lists(st.text("a'=#N/A \t\n\\ż\u200b", max_size=12), min_size=1, max_size=12))
def test_a_column_of_texts_is_what_each_of_them_is(cells):
    found = rows._texts(cells, limit=10)

    assert [value for value, cell in zip(found, cells, strict=True) if cell.strip()] == [
        rows._text(cell, 10) for cell in cells if cell.strip()
    ]
    assert not any(value for value, cell in zip(found, cells, strict=True) if not cell.strip())


@settings(max_examples=100)
@given(st.text(max_size=25))
def test_any_text_is_a_number_or_none(raw):
    assert phones.to_e164(raw, "PL") == phones.by_authority(raw, "PL")


def test_other_regions_and_countries():
    assert phones.to_e164("030 901820", "DE") == "+4930901820"
    assert phones.to_e164("+49 30 901820", "PL") == "+4930901820"


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        (" Jan.Kowalski@Poczta.EXAMPLE ", "jan.kowalski@poczta.example"),
        ("jan@żółw.example", "jan@xn--w-uga1v8h.example"),
        ("jan+lista@x.example", "jan+lista@x.example"),
        ("jan@", None),
        ("jan kowalski@x.example", None),
        ("jan..kowalski@x.example", None),
        ("jan@x,example", None),
        ("@x.example", None),
        ("jan@localhost", None),
        ("jan@x.example\nbcc: y@x.example", None),
        ("a" * 65 + "@x.example", None),
    ],
)
def test_one_spelling_of_an_email_address(raw, address):
    assert emails.normalise(raw) == address


local = st.text("abz09.+_-AŻ '\"", min_size=0, max_size=12)
domain = st.sampled_from(
    ["x.example", "X.Example", "x", "x..example", "-x.example", "x-.example", "xn--.example", "x.1"]
)


@settings(max_examples=100)
@given(st.lists(st.tuples(local, domain | st.text("ab.-1", max_size=8)), min_size=10, max_size=10))
def test_the_cheap_path_says_what_email_validator_says(parts):
    for name, host in parts:
        assert emails.normalise(f"{name}@{host}") == emails.by_authority(f"{name}@{host}")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("+48 (0) 600 100 217", ("+48600100217", None)),
        ("tel. 600 100 200", ("+48600100200", None)),
        ("Tel. kom.: 600 100 200", ("+48600100200", None)),
        ("22 621 10 11 wew. 12", ("+48226211011", None)),
        ("６００１００２００", ("+48600100200", None)),
        ("600 100 200; 600 100 201", ("+48600100200", "phone.several")),
        ("600 100 200/600 100 201", ("+48600100200", "phone.several")),
        ("600100200 lub 600100201", ("+48600100200", "phone.several")),
        ("6.001E+08", (None, "phone.shortened")),
        ("6.001002E+8", (None, "phone.shortened")),
        ("4.8600100214E+10", ("+48600100214", None)),
        ("12; 600100200", (None, "phone.invalid")),
        ("brak", (None, "phone.invalid")),
    ],
)
def test_phones_as_people_and_programs_write_them(raw, told):
    assert second_look.phone(raw, "PL") == told


@pytest.mark.parametrize("raw", ["48600100214.0", "600100214.0", "600100214,00"])
def test_a_phone_that_a_program_took_for_a_quantity(raw):
    assert phones.to_e164(raw, "PL") == "+48600100214"


def test_a_nought_after_the_point_is_no_digit_of_a_number():
    assert phones.to_e164("60010021.0", "PL") is None  # 600 100 210 is somebody else's


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("Jan Nowak <a@x.example>", ("a@x.example", None)),
        ("mailto:a@x.example?subject=x", ("a@x.example", None)),
        ("a@x.example.", ("a@x.example", None)),
        ("a@x.example,", ("a@x.example", None)),
        ("\u200ba@x.example", ("a@x.example", None)),
        ("a@x.example; b@x.example", ("a@x.example", "email.several")),
        ("zły@; b@x.example", ("b@x.example", "email.several")),
        ("jan,nowak@x.example", (None, "email.invalid")),
        ("jan nowak@x.example", (None, "email.invalid")),
        ("jan@x,example", (None, "email.invalid")),
    ],
)
def test_emails_as_people_and_programs_write_them(raw, told):
    assert second_look.email(raw) == told
