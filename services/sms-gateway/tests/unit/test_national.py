"""National language tables: how texts are written with them, counted, cut, and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.content import national, parts
from sms_gateway.content.delivered import delivered_text
from sms_gateway.content.parts import Encoding, LongForm
from sms_gateway.content.segments import joined, place_of
from sms_gateway.content.submission import Envelope
from sms_gateway.content.template import Template
from sms_gateway.domain.joining import Segment
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command

LANGUAGES = sorted(national.LANGUAGES)
SHIFTS = sorted({shift for language in LANGUAGES for shift in national.shifts(language)})


def texts(language: str, most: int = 330) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(sorted(national.characters(language))), max_size=most)


@pytest.mark.parametrize(
    ("language", "letters"),
    [("tr", "ÇçĞğİıÖöŞşÜü"), ("es", "ÁáÉéÍíÓóÚúÑñÜü¿¡"), ("pt", "ÀÁÂÃÇÉÊÍÓÔÕÚÜàáâãçéêíóôõúü")],
)
def test_each_language_has_all_its_letters(language: str, letters: str) -> None:
    assert set(letters) <= national.characters(language)
    assert parts.count(letters, language).encoding is Encoding.GSM
    assert parts.count(letters, language).offending == []


@pytest.mark.parametrize("shift", SHIFTS)
def test_what_is_written_with_a_table_is_read_with_it(shift: national.Shift) -> None:
    language = next(name for name, number in national.LANGUAGES.items() if number == max(shift))
    for character in national.characters(language):
        octets = national.encode(character, shift)
        assert octets is None or national.decode(octets, shift) == character
    assert national.shift_of(shift.header) == shift


@pytest.mark.parametrize(
    ("language", "text", "header", "count"),
    [
        ("tr", "ş" * 155, "250101", 1),  # locked, one septet each
        ("tr", "ş" * 156, "250101", 2),
        ("tr", "ş" * 298, "250101", 2),
        ("tr", "ş" * 299, "250101", 3),
        ("tr", "ş" + "a" * 153, "240101", 1),  # escaped, where that costs no part
        ("es", "á" * 77 + "a", "240102", 1),
        ("es", "á" * 78, "240102", 2),
        ("es", "á" * 149, "240102", 3),  # 148 septets a part: no pair is torn
        ("pt", "ã" * 155, "250103", 1),
        ("pt", "ãÃõÕΣ" + "ã" * 146, "240103250103", 1),
        ("pt", "ãÃõÕΣ" + "ã" * 147, "240103250103", 2),
        ("tr", "ş" * 60 + "😀", "", 1),  # neither table has it
    ],
)
def test_a_text_takes_the_tables_that_cost_least(language: str, text: str, header: str, count: int) -> None:
    found = parts.encoded(text, language)
    assert (found.header.hex(), len(found.bodies)) == (header, count)


def test_what_the_common_alphabet_takes_needs_no_table() -> None:
    assert parts.encoded("Hello €", "tr") == parts.encoded("Hello €")
    assert parts.count("Merhaba", "tr").national_language is None


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_nothing_is_lost_or_torn_and_ucs_2_never_takes_less(language: str, data: st.DataObject) -> None:
    text = data.draw(texts(language))
    found = parts.encoded(text, language)
    if found.encoding is Encoding.UCS2:
        return  # letters of two tables that cannot be had together
    shift = national.shift_of(found.header)
    assert "".join(national.decode(body, shift) for body in found.bodies) == text
    assert len(found.bodies) <= len(parts.split(*parts.encode(text)))
    header = len(found.header) + (1 if found.header else 0)
    if len(found.bodies) > 1:
        header = len(found.header) + 6
    assert all(-(-header * 8 // 7) + len(body) <= 160 for body in found.bodies)


@pytest.mark.parametrize("form", [LongForm.UDH, LongForm.SAR, LongForm.PAYLOAD])
@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data(), number=st.integers(0, 2))
def test_what_leaves_is_what_a_phone_reads(language: str, form: LongForm, data: st.DataObject, number: int) -> None:
    text = data.draw(texts(language, 330).filter(lambda text: text.strip()))
    content = {"text": text, "literal": True, "national_language": language, "flash": False}
    encoded = Template(content).encode({})
    if not encoded.header:
        return
    bodies = Envelope("Wici", content, form).bodies("+905001002030", encoded, 7)
    pdus = [smpp.decode(smpp.pack_header(16 + len(body), Command.SUBMIT_SM, 0, 1) + body) for body in bodies]
    assert len(pdus) == parts.count(text, language).parts
    some = [
        Segment(None, at, bytes(pdu.fields["short_message"]), 0, int(pdu.fields["esm_class"]), 0.0)  # type: ignore[arg-type]
        for at, pdu in enumerate(pdus, 1)
    ]
    assert {pdu.fields["data_coding"] for pdu in pdus} == {0}
    if len(some) > 1:
        assert [place_of(each.octets, each.esm_class) for each in some] == [
            (7, len(some), at) for at in range(1, len(some) + 1)
        ]
    assert delivered_text(*joined(some)) == text


def test_parts_by_different_tables_are_read_each_by_its_own() -> None:
    head = b"\x00\x03\x07\x02"
    first = bytes((8,)) + head + b"\x01" + b"\x25\x01\x01" + b"\x1c"  # Turkish, locked: Ş
    second = bytes((8,)) + head + b"\x02" + b"\x24\x01\x02" + b"\x1ba"  # Spanish, single: á
    octets, coding, esm_class = joined([
        Segment(None, 1, first, 0, 0x40, 0.0), Segment(None, 2, second, 0, 0x40, 0.0)  # type: ignore[arg-type]
    ])  # fmt: skip
    assert delivered_text(octets, coding, esm_class) == "Şá"
    assert (coding, esm_class) == (8, 0)


def test_a_language_that_is_not_here_is_read_as_the_common_alphabet() -> None:
    assert delivered_text(b"\x03\x25\x01\x06Hej", 0, 0x40) == "Hej"
