"""Rules of style sheets in the elements, and not a byte else changed."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from email_gateway.content.inlining import inlined, loses_to_inlined

SHEET = "<style>.a{color:red} td{margin:0} .q{content:'{{'}</style>"
_ADDED = re.compile(r' style="[^"]*"')


def test_rules_are_written_into_elements_and_what_they_say_themselves_comes_last() -> None:
    html = inlined(SHEET + "<table><tr><td class=a style='margin:1px'>x<td>y</table><p style=\"color:blue\" class='a'>")

    assert 'style="margin: 0;color: red;margin:1px"' in html
    assert '<td style="margin: 0;">y' in html
    assert 'style="color: red;color:blue"' in html


def test_template_tags_outlooks_comments_and_quirks_stay_where_they_are() -> None:
    source = SHEET + (
        "<!--[if mso]><p class=a>{{ q }}</p><![endif]--><table>{% for x in y %}<tr class=a>{% endfor %}"
        '<td class="{{ x }} a" {{ z }}>x<td style="{% if a %}color:blue{% endif %}" class=a></table><P>&nbsp;<br/>'
    )

    html = inlined(source)

    assert _ADDED.sub("", html).replace(" >", ">") == _ADDED.sub("", source).replace(" >", ">")
    assert '<tr style="color: red;" class=a>{% endfor %}' in html
    assert 'style="margin: 0;color: red;{% if a %}color:blue{% endif %}"' in html
    assert "<!--[if mso]><p class=a>{{ q }}</p><![endif]-->" in html


def test_a_style_that_would_read_as_a_template_tag_is_left_in_its_sheet() -> None:
    assert inlined(SHEET + "<p class=q>x").endswith("<p class=q>x")


@pytest.mark.parametrize(
    ("rules", "loses"),
    [
        (".a{color:red}", False),
        ("@media (max-width:480px){.a{color:blue}}", True),
        ("@media (max-width:480px){.a{color:blue !important} .b{margin:0!important;}}", False),
        ("@media (max-width:480px){.a{color:blue !important; margin:0}}", True),
        ("/* @media (x){.a{color:blue}} */", False),
    ],
)
def test_where_rules_for_small_screens_would_lose_nothing_is_inlined(rules: str, loses: bool) -> None:
    source = f"<style>.a{{color:red}}{rules}</style><p class=a>x"

    assert loses_to_inlined(source) is loses
    assert (inlined(source) == source) is loses


@given(
    st.lists(
        st.sampled_from([
            "<style>", "</style>", ".a{color:red}", "<p class=a>", "<p class=a style='", "'", '"', ">", "</p>",
            "{{ x }}", "{% if x %}", "{#", "#}", "<!--", "-->", "<td style", "=", "x", "}", "{", ";", "&quot;", "<br/>",
            "@media", "(",
        ]),
        max_size=25,
    )
)  # fmt: skip
def test_any_markup_is_taken_and_only_styles_are_added(pieces: list[str]) -> None:
    source = "<style>.a{color:red}</style>" + "".join(pieces)

    html = inlined(source).replace("'", '"')
    source = source.replace("'", '"')

    position = 0
    for character in html:  # the source is what is left when something is taken out
        if position < len(source) and character == source[position]:
            position += 1
    assert position == len(source) or "&quot;" in html


_HOSTILE = [
    "<style>p,.x,td{color:red}</style>", "<style>", "</style>", "<svg>", "</svg>", "<math>", "<title>", "<textarea>",
    "<noscript>", "<template>", "<![CDATA[", "]]>", "<p class=x>", "<td>", "<p data-wici=", '"', "'", " ", "0", "abc",
    "-1", "999999", "9" * 5000, "\u0663", ' class="x">', ">", "a", "<!--", "-->", "<!--[if mso]>", "<![endif]-->", "{{",
    "}}", "\0",
]  # fmt: skip


@example(["<svg><style>", '<p data-wici="999999" class="x">a</style></svg>'])
@example(["<svg><style>", '<p data-wici="abc" class="x">a</style></svg>'])
@given(st.lists(st.sampled_from(_HOSTILE) | st.text(max_size=5), max_size=30))
def test_no_markup_is_too_strange(pieces: list[str]) -> None:
    """Elements in what is text in html, and one in foreign content, with numbers of their own."""
    inlined(_HOSTILE[0] + "".join(pieces))
    inlined("".join(pieces), "p,.x{color:red}")
