"""GSM 03.38, counting and splitting, against smsutil."""

from uuid import uuid4

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.content import first_render, gsm, parts
from sms_gateway.content.template import RenderFailed, Template

GSM_TEXT = st.text(st.sampled_from([c for c in gsm.BASIC if c != "\x1b"] + list(gsm.EXTENSION)), max_size=700)


@given(GSM_TEXT)
def test_gsm_text_survives_and_matches_the_oracle(text: str) -> None:
    octets = gsm.encode(text)

    assert octets is not None
    assert gsm.decode(octets) == text
    # smsutil does not know the form feed of the extension table.
    if "\f" not in text:
        assert octets == text.encode("gsm0338")


@given(GSM_TEXT.filter(lambda text: "\f" not in text and text))
def test_gsm_parts_match_the_oracle(text: str) -> None:
    encoding, octets = parts.encode(text)
    assert len(parts.split(encoding, octets)) == len(smsutil.split(text).parts)


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_split_loses_nothing_and_tears_nothing(text: str) -> None:
    encoding, octets = parts.encode(text)
    bodies = parts.split(encoding, octets)

    assert b"".join(bodies) == octets
    limit = parts.SIZES[encoding].single if len(bodies) == 1 else parts.SIZES[encoding].concatenated
    assert all(len(body) <= limit for body in bodies)
    if encoding is parts.Encoding.UCS2:
        for body in bodies:
            body.decode("utf-16-be")  # strict: half a surrogate pair would raise


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "gsm", 0, 1),
        ("a" * 160, "gsm", 160, 1),
        ("a" * 161, "gsm", 161, 2),
        ("€" * 80, "gsm", 160, 1),
        ("€" * 81, "gsm", 162, 2),
        ("a" * 306, "gsm", 306, 2),
        ("a" * 307, "gsm", 307, 3),
        ("ż" * 70, "ucs2", 70, 1),
        ("ż" * 71, "ucs2", 71, 2),
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 36, "ucs2", 72, 2),
    ],
)
def test_counts(text: str, encoding: str, units: int, count: int) -> None:
    counted = parts.count(text)
    assert (counted.encoding, counted.units, counted.parts) == (encoding, units, count)


def test_the_characters_that_force_ucs2_are_named_once() -> None:
    assert parts.count("Zażółć gęślą jaźń, żółw").offending == ["ż", "ó", "ł", "ć", "ę", "ś", "ą", "ź", "ń"]


def test_polish_letters_can_be_replaced() -> None:
    assert gsm.replace_diacritics("„Zażółć gęślą jaźń” – ŁÓDŹ") == '"Zazolc gesla jazn" - LODZ'


def test_over_255_parts_is_refused() -> None:
    with pytest.raises(parts.TooLong):
        parts.count("a" * (153 * 255 + 1))


@pytest.mark.parametrize("text", ["{{ first_name }}", " {% if first_name %}Hej{% endif %} "])
def test_a_text_that_is_empty_for_a_recipient_is_not_sent(text: str) -> None:
    template = Template({"text": text})

    with pytest.raises(RenderFailed) as failed:
        template.encode({"first_name": ""})

    assert failed.value.code == "text.empty"
    assert template.encode({"first_name": "Ola"}).bodies
    assert isinstance(first_render.perform({"text": text}, None), first_render.FirstRender)
    assert first_render.perform({"text": text}, {})[0] == "text.empty"  # type: ignore[index]


def test_a_text_is_tried_with_some_of_its_recipients() -> None:
    people = [{"points": 3.4}, {}, {"points": 7}, {"points": ""}]

    found = first_render.render_apart({"text": "Masz\n {{ points | round }}"}, None, uuid4(), people)
    ((fault, hits),) = found.tried.hits.items()

    assert (found.tried.tried, fault.field, fault.code, hits) == (4, "content.text", "template.failed", [1, 3])
    assert "line 2, column 14 at “round”" in fault.detail
    assert first_render.render_apart({"text": "{{ points }}" * 100}, None, uuid4(), [{"points": "abc"}]).parts == 2
    # Nobody has nothing but blanks: what is a number in an audience is refused for none of them.
    assert first_render.render_apart({"text": "Masz {{ points | round }}"}, None, uuid4()).variables == ["points"]
    with pytest.raises(RenderFailed):
        first_render.render_apart({"text": "Masz {{ 1 / 0 }}"}, None, uuid4())
