"""What is said of a content before it goes: weight, links by their form, pictures, subject."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from email_gateway.content.advice import CLIPPED_AT, form_of
from email_gateway.content.first_render import _check

ACCOUNT = UUID(int=7)
LINK = '<p><a href="{{ unsubscribe_url }}">Wypisz mnie</a></p>'


def check(recipients: tuple[dict[str, Any], ...] = (), **content: Any) -> Any:
    return _check({"from_email": "a@example.com", "subject": "Hej", **content}, ACCOUNT, list(recipients))


def codes(checked: Any) -> set[str]:
    return {advice.code for advice in checked.advice}


@pytest.mark.parametrize(
    ("target", "form"),
    [
        ("https://example.com/ą?x=1", "web"), ("http://{{ host }}/x", "web"), ("{{ url }}", "variable"),
        ("{{ unsubscribe_url }}", "unsubscribe"), ("mailto:a@example.com", "mail"), ("tel:+48600100200", "phone"),
        ("#top", "anchor"), ("#", "broken"), ("", "broken"), ("www.example.com", "broken"), ("/shop", "broken"),
        ("http//example.com", "broken"), ("javascript:void(0)", "broken"), ("shop/{{ id }}", "broken"),
    ],
)  # fmt: skip
def test_links_have_a_form(target: str, form: str) -> None:
    assert form_of(target) == form


def test_links_and_pictures_are_counted_with_their_words() -> None:
    html = (
        '<a href="https://x.example/?a=1&amp;b=2">Kup <b>teraz</b></a><a href="https://x.example/?a=1&b=2">znów</a>'
        '<a href="www.x.example"><img src="a.png" alt="Sklep"></a><img src="b.png"><img src="c.png" alt="">'
    )

    figures = check(html=html + LINK).figures

    assert [(link.target, link.form, link.words, link.times) for link in figures.links] == [
        ("https://x.example/?a=1&b=2", "web", "Kup teraz", 2),
        ("www.x.example", "broken", "Sklep", 1),
        ("{{ unsubscribe_url }}", "unsubscribe", "Wypisz mnie", 1),
    ]
    assert (figures.images, figures.images_without_alt) == (3, ["b.png"])
    assert {"email.link_broken", "email.image_without_alt"} <= codes(check(html=html + LINK))


def test_a_heavy_mail_a_long_subject_and_a_missing_preheader_are_told() -> None:
    good = check(html=LINK, preheader="Dwa słowa")
    bad = check(({"name": "x" * 60},), html=LINK + "ą" * (CLIPPED_AT // 2), subject="{{ name }}")

    assert (codes(good), good.problems) == (set(), [])
    assert codes(bad) == {"email.too_heavy", "email.subject_long", "email.preheader_missing"}
    assert bad.figures.subject_characters == 60 and bad.figures.weight > CLIPPED_AT


def test_a_mail_that_cannot_be_unsubscribed_from_is_shown_all_the_same() -> None:
    checked = check(({"name": "Ola"},), html="<p>Hej {{ name }}</p>")

    assert [problem.code for problem in checked.problems] == ["email.unsubscribe_link_missing"]
    assert "Hej Ola" in checked.rendered[0]["html"]


def test_what_fails_for_one_recipient_is_said_of_that_one() -> None:
    checked = check(({"when": "2026-11-24"}, {"when": "jutro"}), html="<p>{{ when | date }}</p>" + LINK)

    assert "24.11.2026" in checked.rendered[0]["html"]
    assert "the filter date needs a date" in checked.rendered[1] and "jutro" not in checked.rendered[1]


def test_an_answer_holds_so_much_and_no_more() -> None:
    checked = check(tuple({"name": "x"} for _ in range(20)), html="<p>{{ name }}" + "a" * 500_000 + LINK)

    assert isinstance(checked.rendered[0], dict) and "too long" in checked.rendered[-1]
    assert sum(len(one["html"]) for one in checked.rendered if isinstance(one, dict)) < 5_000_000


@pytest.mark.parametrize("page", ["<!doctype html><html><head></head>{}", "<!doctype html><html>{}", "{}"])
def test_a_preheader_never_stands_before_the_doctype(page: str) -> None:
    checked = check(({},), html=page.format(LINK), preheader="Krótko")

    before = checked.rendered[0]["html"].partition("Krótko")[0]
    assert before.startswith(page.partition("{")[0]) and LINK[:3] not in before


def test_half_written_contents_are_checked_too() -> None:
    assert [problem.code for problem in check().problems] == ["content.empty"]
    assert [problem.code for problem in check(mjml="<mjml>").problems] == ["template.mjml_invalid"]
    assert check(html="{% if x %}").problems[0].code == "template.invalid"


def test_mjml_becomes_html_with_a_text_part() -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>Hej {{ name }} "
        '<a href="{{ unsubscribe_url }}">Wypisz</a></mj-text></mj-column></mj-section></mj-body></mjml>'
    )

    checked = check(({"name": "Ola"},), mjml=mjml)

    assert checked.problems == [], "cells of MJML have letters of no size, and texts in them have one"
    assert "<!doctype html>" in checked.content["html"] and "Hej {{ name }}" in checked.content["text"]
    assert "Hej Ola" in checked.rendered[0]["text"]


@pytest.mark.parametrize(
    ("inner", "is_seen"),
    [("font-size:13px", True), ("font-size:1em", False), ("font-size:0", False), ("color:red", False), ("", False)],
)
def test_a_link_among_letters_of_no_size_is_seen_where_it_has_one_of_its_own(inner: str, is_seen: bool) -> None:
    checked = check(html=f'<td style="font-size:0px"><div style="{inner}">{LINK}</div></td>')

    assert (checked.problems == []) is is_seen


def test_a_field_that_has_the_name_of_a_method_is_empty_where_it_is_missing() -> None:
    html = "<p>[{{ items | default('-') }}{{ values }}{% for one in items %}{{ one.name }}{% endfor %}]</p>" + LINK

    checked = check(({}, {"items": [{"name": "Kubek"}], "values": 3}), html=html)

    assert "[-]" in checked.rendered[0]["html"]
    assert checked.rendered[1]["html"].count("Kubek") == 2 and "3Kubek]" in checked.rendered[1]["html"]
    assert checked.variables == ["items", "values"]
