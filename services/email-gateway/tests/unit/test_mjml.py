"""MJML in, html out, whatever template tags stand in it; and what it cannot do, in words with its line."""

from __future__ import annotations

import pytest

from email_gateway.content.mjml import DEEPEST, MjmlProblem, compiled


def body(inside: str, head: str = "") -> str:
    return f"<mjml>\n<mj-head>{head}</mj-head>\n<mj-body>\n{inside}\n</mj-body>\n</mjml>"


def section(text: str) -> str:
    return f"<mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section>"


def test_template_tags_come_out_as_they_went_in() -> None:
    source = body(
        '{% if a < b and c == "<x>" %}' + section("{{ name | default('>') }}") + "{% endif %}"
        "<mj-section>{% for i in range(3) %}<mj-column><mj-text>{{ i }}</mj-text></mj-column>{% endfor %}</mj-section>"
    )

    html = compiled(source).html

    for tag in ('{% if a < b and c == "<x>" %}', "{{ name | default('>') }}", "{% for i in range(3) %}", "{{ i }}"):
        assert html.count(tag) == 1
    assert "m0x" not in html


def test_a_title_and_a_preview_may_branch() -> None:
    head = "<mj-title>{% if a %}A{% endif %}</mj-title><mj-preview>{% if b %}B{% endif %}</mj-preview>"

    html = compiled(body(section("x"), head)).html

    assert "<title>{% if a %}A{% endif %}</title>" in html and html.count("{% if b %}B{% endif %}") == 1


def test_what_looks_like_a_mark_is_a_text() -> None:
    head = "<mj-title>wicimark0x wicimark1x {{ a }}</mj-title>"

    html = compiled(body(section("wicimark0x"), head)).html

    assert "<title>wicimark0x wicimark1x {{ a }}</title>" in html and ">wicimark0x<" in html


def test_styles_are_literal_and_inline_ones_are_handed_out() -> None:
    head = "<mj-style>){#id{color:red}</mj-style><mj-style inline='inline'>.b > p { color: blue }</mj-style>"

    made = compiled(body(section("x"), head))

    assert "){#id{color:red}" in made.html and made.inline_css == ".b > p { color: blue }"
    assert "color: blue" not in made.html


def test_no_strangers_server_is_asked_for_fonts() -> None:
    html = compiled(body(section("x"))).html

    assert "@import" not in html and "https://" not in html


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "does not begin with <mjml>"),
        ("<p>x</p>", "does not begin with <mjml>"),
        (body("<mj-sectio></mj-sectio>"), "line 4: there is no element <mj-sectio>"),
        (body("{{ a\n\n}}\n<mj-sectio/>"), "line 7: there is no element <mj-sectio>"),
        (body("<mj-section>\n</mj-column>"), "line 5: </mj-column> stands where </mj-section> of line 4 is expected"),
        ("<mjml><mj-body><mj-section>", "<mj-section> has no end"),
        ("</mj-body>", "ends what did not begin"),
        (body("<mj-include path='/etc/passwd' />"), "line 4: a template cannot load another file"),
        (body("<mj-section a=b></mj-section>"), "cannot be read"),
        (body("<mj-section>" * 40), "too many one in another"),
        (body(section("x"), "<mj-preview>a <b></mj-preview>"), "line 2: "),
        (
            body("<mj-section {% if a %}padding='0'{% endif %}><mj-column></mj-column></mj-section>"),
            "",
        ),
    ],
)
def test_what_cannot_be_done_is_said_with_its_line(source: str, said: str) -> None:
    with pytest.raises(MjmlProblem) as problem:
        compiled(source)

    assert said in str(problem.value)


def test_a_thousand_elements_are_no_trouble_and_nesting_has_an_end() -> None:
    assert compiled(body(section("x") * 1000)).html.count(">x<") == 1000
    with pytest.raises(MjmlProblem):
        compiled("<mjml><mj-body>" + "<mj-wrapper>" * (DEEPEST + 2))
