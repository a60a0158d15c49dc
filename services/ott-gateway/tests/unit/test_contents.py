"""Every limit of WhatsApp's is refused here, with the field and the number; what is taken is one that it takes."""

from __future__ import annotations

from typing import Any

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.field_templates import RenderFailed
from contracts.ott_gateway.contents import WhatsappContent
from ott_gateway.content import payloads
from ott_gateway.content.shape import problems_of
from ott_gateway.content.template import Template
from ott_gateway.domain.fits import misfits, placeholders

SALE = [
    {"type": "HEADER", "format": "TEXT", "text": "Hej {{1}}"},
    {"type": "BODY", "text": "Do {{1}}: {{2}}"},
    {"type": "BUTTONS", "buttons": [
        {"type": "URL", "url": "https://shop.example/{{1}}"}, {"type": "QUICK_REPLY", "text": "Stop"},
    ]},
]  # fmt: skip
USE: dict[str, Any] = {
    "name": "sale", "language": "pl", "header": "{{ first_name }}", "body": ["piątku", "-{{ percent }} %"],
    "buttons": [{"index": 0, "url": "{{ code }}"}, {"index": 1, "payload": "stop"}],
}  # fmt: skip
FIELDS = {"first_name": "Łucja", "percent": 20, "code": "x7"}


def sent(content: dict[str, Any], fields: dict[str, Any] | None = None) -> dict[str, Any]:
    rendered = Template(content).render(fields or FIELDS)
    return payloads.message(content, rendered, to="+48600100200", message_id="m1")


def test_a_template_is_sent_with_its_values_where_meta_wants_them() -> None:
    body = sent({"template": USE})

    assert (body["to"], body["type"], body["biz_opaque_callback_data"]) == ("48600100200", "template", "m1")
    assert body["template"] == {
        "name": "sale",
        "language": {"policy": "deterministic", "code": "pl"},
        "components": [
            {"type": "header", "parameters": [{"type": "text", "text": "Łucja"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "piątku"}, {"type": "text", "text": "-20 %"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "x7"}]},
            {
                "type": "button", "sub_type": "quick_reply", "index": "1",
                "parameters": [{"type": "payload", "payload": "stop"}],
            },
        ],
    }  # fmt: skip
    assert misfits(USE, SALE) == []


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"body": ["one"]}, "template.body", "takes 2 values; 1 are given"),
        ({"header": ""}, "template.header", "takes one value"),
        ({"header_media": {"kind": "image", "link": "https://a.example/i"}}, "template.header_media", "no medium"),
        ({"buttons": []}, "template.buttons", "Button 0 takes the end"),
        ({"buttons": [{"index": 0, "url": "a"}, {"index": 1, "url": "b"}]}, "template.buttons", "Button 1 takes no"),
        ({"buttons": [{"index": 0, "url": "a"}, {"index": 7, "url": "b"}]}, "template.buttons", "no button 7"),
    ],
)
def test_what_does_not_fit_the_template_is_said_with_the_field_and_the_number(
    change: dict[str, Any], field: str, said: str
) -> None:
    (found,) = misfits({**USE, **change}, SALE)

    assert found.field == field and said in found.detail


@given(st.lists(st.integers(1, 9), max_size=6), st.text(max_size=20))
def test_placeholders_are_counted_by_the_greatest_number(numbers: list[int], between: str) -> None:
    text = between.replace("{", "").join(f"{{{{{number}}}}}" for number in numbers)

    assert placeholders(text) == max(numbers, default=0)


@given(st.integers(0, 5_000), st.booleans())
def test_a_text_is_taken_up_to_the_limit_and_not_beyond(length: int, with_buttons: bool) -> None:
    """With buttons WhatsApp takes a quarter of it; an empty one never."""
    content: dict[str, Any] = {"text": "{{ said }}"}
    if with_buttons:
        content["buttons"] = [{"id": "y", "title": "Yes"}]
    most = 1_024 if with_buttons else 4_096

    try:
        rendered = Template(content).render({"said": "ł" * length})
    except RenderFailed as failed:
        assert length == 0 or length > most
        assert failed.field == "text" and (length == 0 or f"{length} characters" in failed.detail)
    else:
        assert 0 < length <= most and len(rendered["text"]) == length


@given(st.text(alphabet="a \n\t", min_size=1, max_size=30))
def test_a_value_of_a_template_has_no_line_breaks_and_no_row_of_blanks(value: str) -> None:
    is_right = bool(value.strip()) and "\n" not in value and "\t" not in value and "     " not in value

    try:
        Template({"template": {"name": "a", "language": "pl", "body": ["{{ v }}"]}}).render({"v": value})
    except RenderFailed as failed:
        assert not is_right and failed.field == "template.body.0"
    else:
        assert is_right


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({}, "text"),
        ({"text": "a", "template": USE}, "text"),
        ({"template": USE, "buttons": [{"id": "a", "title": "A"}]}, "buttons"),
        ({"text": "a", "footer": "b"}, "footer"),
        ({"text": "a", "buttons": [{"id": "a", "title": "A"}, {"id": "b", "title": "A"}]}, "buttons"),
        ({"media": {"kind": "audio", "link": "https://a.example/s", "caption": "c"}}, "media.caption"),
        ({"media": {"kind": "image", "link": "https://a.example/s", "filename": "f"}}, "media.filename"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(content: dict[str, Any], field: str) -> None:
    assert field in [found.field for found in problems_of(content)]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"text": "a" * 4_097}, "text"),
        ({"buttons": [{"id": str(n), "title": "A"} for n in range(4)]}, "buttons"),
        ({"buttons": [{"id": "a", "title": "A" * 21}]}, "buttons"),
        ({"footer": "a" * 61}, "footer"),
        ({"media": {"kind": "image", "link": "http://a.example/i"}}, "media"),
        ({"media": {"kind": "sticker", "link": "https://a.example/i"}}, "media"),
        ({"template": {"name": "Sale", "language": "pl"}}, "template"),
        ({"template": {"name": "sale", "language": "pl-PL"}}, "template"),
        ({"template": {"name": "sale", "language": "pl", "body": ["a"] * 51}}, "template"),
    ],
)
def test_the_schema_names_the_field_of_what_is_too_much(content: dict[str, Any], path: str) -> None:
    with pytest.raises(marshmallow.ValidationError) as refused:
        WhatsappContent().load(content)

    assert list(refused.value.normalized_messages()) == [path]


def test_media_and_buttons_are_what_meta_takes() -> None:
    media = sent(
        {"media": {"kind": "document", "link": "https://a.example/f", "caption": "{{ code }}", "filename": "f"}}
    )
    asked = sent({"text": "Pizza?", "header": "Obiad", "footer": "wici", "buttons": [{"id": "yes", "title": "Tak"}]})

    assert media["document"] == {"link": "https://a.example/f", "caption": "x7", "filename": "f"}
    assert asked["interactive"] == {
        "type": "button",
        "body": {"text": "Pizza?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Tak"}}]},
        "header": {"type": "text", "text": "Obiad"},
        "footer": {"text": "wici"},
    }


def test_a_single_messages_braces_are_braces() -> None:
    assert sent({"text": "{{ 12 }}", "literal": True})["text"]["body"] == "{{ 12 }}"
