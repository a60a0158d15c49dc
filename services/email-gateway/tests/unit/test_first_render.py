"""What takes too long or too much to prepare is refused by the text that it stands in, and nothing else notices."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import TooManyRequests
from email_gateway.content import first_render, markup
from email_gateway.content.first_render import TOO_COSTLY, prepare_apart, render_apart, try_apart
from email_gateway.content.prepare import Kind, Problem

LINK = '<a href="{{ unsubscribe_url }}">Wypisz</a>'
CONTENT = {"from_email": "a@sklep.example", "subject": "Hej {{ first_name }}", "html": f"<p>Hej</p>{LINK}"}
# Of each kind one that took a minute or more when everything was prepared in the service itself.
COSTLY = {
    "html": LINK + "{% raw %}" + "{{" * 240_000 + "{% endraw %}",  # our own search for tags
}


@pytest.fixture(autouse=True)
def all_the_time_in_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound here is processor time; how long a busy machine takes for it is another matter."""
    monkeypatch.setattr(first_render, "PATIENCE_SECONDS", 300.0)


def test_a_content_is_prepared_and_rendered_as_before() -> None:
    prepared, rendered = prepare_apart(CONTENT, Kind.CAMPAIGN, uuid4(), [{"first_name": "Ala"}])
    assert prepared.variables == ["first_name"]
    assert isinstance(rendered[0], dict) and rendered[0]["subject"] == "Hej Ala"


@pytest.mark.parametrize("place", COSTLY)
def test_what_takes_too_long_is_refused_by_its_place(place: str) -> None:
    stranger = uuid4()
    prepared, _ = prepare_apart({**CONTENT, place: COSTLY[place]}, Kind.CAMPAIGN, stranger)
    assert [(problem.field, problem.code) for problem in prepared.problems] == [(place, TOO_COSTLY)]

    with pytest.raises(TooManyRequests):
        prepare_apart(CONTENT, Kind.CAMPAIGN, stranger)
    assert prepare_apart(CONTENT, Kind.CAMPAIGN, uuid4())[0].document is not None


def test_brackets_without_an_end_cost_no_more_than_other_characters() -> None:
    """They took 18 seconds: the end of each was looked for in all that follows."""
    prepared, _ = prepare_apart({**CONTENT, "html": LINK + "[a](" * 30_000}, Kind.CAMPAIGN, uuid4())
    assert prepared.document is not None and "[a]([a](" in prepared.document["text"]


@pytest.mark.parametrize("piece", ["<!--", "<title>", "<title", "<style ", "<a href='x", "<a href='x'>", "<table><tr>"])
def test_tags_without_an_end_cost_no_more_either(piece: str) -> None:
    """Processor time is what this is about: most of them took more than thirty seconds, they take a tenth of one."""
    began = time.process_time()
    markup._plain(piece * 40_000)
    assert time.process_time() - began < 10.0


def test_the_plainer_text_is_what_a_reader_sees() -> None:
    html = (
        "<html><head><title>T</title><style>p{}</style></head><body><!-- no --><p>Hej&nbsp;&lt;b&gt;</p><!--[if mso]>no"
        "<![endif]--><p><a class=x HREF='wicitag1x?a=1&amp;b'>Tu <b>i</b> tam</a><br><a name=y>bez</a></p>koniec"
    )
    assert markup._plain(html) == "Hej <b>\nTu i tam (wicitag1x?a=1&b)\nbez\nkoniec\n"


@given(st.text("[]() ab\n", max_size=40))
def test_a_link_in_a_text_is_its_words_and_its_target(text: str) -> None:
    link = re.compile(r"\[([^\[\]]*)\]\(([^\s)]+)\)")
    expected = link.sub(lambda found: f"{found[1]} ({found[2]})" if found[1].strip() else found[2], text)
    assert markup._written_out(text) == expected


def test_a_mark_that_looks_like_one_of_ours_is_a_word_like_any_other() -> None:
    prepared, _ = prepare_apart({**CONTENT, "html": f"<p>wicitag99999x</p>{LINK}"}, Kind.CAMPAIGN, uuid4())
    assert prepared.document is not None and "wicitag99999x" in prepared.document["text"]


def test_a_field_that_is_missing_is_told_in_words() -> None:
    account_id = uuid4()
    prepared, _ = prepare_apart(CONTENT, Kind.TRANSACTIONAL, account_id)
    assert prepared.document is not None
    problem = render_apart(prepared.document, {}, account_id)
    assert isinstance(problem, Problem) and problem.code == "template.field_missing"


def tried(recipients: list[dict[str, object]], **texts: str) -> list[tuple[str, str, list[int]]]:
    prepared, count = try_apart({**CONTENT, **texts}, Kind.CAMPAIGN, uuid4(), recipients)
    assert count == len(recipients)
    assert (prepared.document is None) == bool(prepared.problems)
    return [(found.field, found.detail, list(found.hits)) for found in prepared.problems]


def test_a_content_is_tried_with_some_of_its_recipients() -> None:
    people: list[dict[str, object]] = [{"points": 3.4}, {}, {"points": 7}, {"points": ""}]
    rounded = "no value to round; default(0) before it gives one"

    assert tried(people, html=f"<p>{{{{ points | default(0) | round }}}}</p>{LINK}") == []
    assert tried(people, subject="Masz\n {{ points | round }}") == [
        ("subject", f"subject, line 2, column 14 at “round”: there is {rounded}", [1, 3])
    ]
    assert tried(people, html=f"{LINK}<p>{{{{ 1 / 0 }}}}</p>") == [
        ("html", "html, line 1, column 49 at “1 / 0”: a number cannot be divided by zero", [0, 1, 2, 3])
    ]


def test_a_place_is_one_that_the_author_knows() -> None:
    """Links are replaced before it, a text is made of it, styles become literal: the author wrote none of that."""
    style = "<style>a{#b{color:red}}</style>\n"
    html = f'{style}<a href="https://sklep.example/?a={{{{ points }}}}">x</a>\n<b>{{{{ points | round }}}}</b>{LINK}'

    (found,) = tried([{}], html=html)

    assert found[:2] == (
        "html", "html, line 3, column 16 at “round”: there is no value to round; default(0) before it gives one"
    )  # fmt: skip


def test_a_link_that_cannot_be_made_for_somebody_is_told() -> None:
    html = f'<a href="https://sklep.example/{{{{ points | round }}}}">x</a>{LINK}'
    assert [(field, hits) for field, _, hits in tried([{"points": 1}, {}], html=html)] == [("html", [1])]


def test_what_somebody_is_called_stands_in_no_problem() -> None:
    told = str([tried([{"first_name": "Kowalska", "n": 731}], subject=f"{{{{ {broken} }}}}") for broken in (
        "first_name | int", "first_name + 1", "n / 0", "n % 0", "-first_name", "first_name | sum",
    )])  # fmt: skip
    assert "Kowalska" not in told and "731" not in told
