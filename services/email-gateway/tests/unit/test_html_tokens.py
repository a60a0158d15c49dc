"""HTML is cut as a browser cuts it; html5lib is the judge."""

from __future__ import annotations

import html5lib._tokenizer as judge
import pytest
from html5lib.constants import tokenTypes
from hypothesis import example, given
from hypothesis import strategies as st

from email_gateway.content import html_tokens, targets
from email_gateway.content.html_tokens import Kind

PIECES = st.lists(
    st.sampled_from([
        "<a", "<A", "<area", "</a", "<p", "<b", "<style", "</style", "<script", "</script", "<title", "</title", "<!--",
        "-->", "--!>", "<!-->", "<!--->", "<!x", "<?x", "</", "</ ", "<", ">", "/", "/>", " ", "\n", "\t", "\f", "=",
        " href=", " HREF =", "'", '"', "x", "&amp;", "&region=1", "&copy", "&copy;", "&notit;", "&notin;", "&#38;",
        "&#x26", "&#128;", "http://a.pl/?b=1&c=2", "ż", "-", "!", "&lt", "&ltx", "&lt=", "&;", "&",
    ]),
    max_size=30,
)  # fmt: skip


def judged(source: str) -> list[tuple[str, str, dict[str, str]]]:
    """Start and end tags by html5lib, told the raw texts as the tree builder would."""
    tokenizer = judge.HTMLTokenizer(source)
    states = {
        "script": tokenizer.rawtextState, "style": tokenizer.rawtextState, "xmp": tokenizer.rawtextState,
        "title": tokenizer.rcdataState, "textarea": tokenizer.rcdataState,
    }  # fmt: skip
    found = []
    for token in tokenizer:
        if token["type"] == tokenTypes["StartTag"]:
            found.append(("start", token["name"], dict(token["data"])))
            if token["name"] in states:
                tokenizer.state = states[token["name"]]
        elif token["type"] == tokenTypes["EndTag"]:
            found.append(("end", token["name"], {}))
    return found


def cut(source: str) -> list[tuple[str, str, dict[str, str]]]:
    found: list[tuple[str, str, dict[str, str]]] = []
    for token in html_tokens.tokens(source):
        if token.kind is Kind.START:
            values = {name: targets.attribute_text(each.value) for name, each in token.attributes.items()}
            found.append(("start", token.name, values))
        elif token.kind is Kind.END:
            found.append(("end", token.name, {}))
    return found


@given(PIECES.map("".join))
@example("<a href=x&copy=1>")
@example("<a x='1' X=2 href = \n\"&notit;&ampx\"/>")
@example("<!--><a><!---><b>--><!-- a --!><p>")
@example("<style><a></styl></style ><a>")
def test_tags_and_their_attributes_are_those_of_a_browser(source: str) -> None:
    source = source.replace("\r", "\n")
    assert cut(source) == judged(source)


@given(PIECES.map("".join))
def test_the_pieces_stand_in_order_and_do_not_overlap(source: str) -> None:
    position = 0
    for token in html_tokens.tokens(source):
        assert position <= token.start < token.end or (token.kind is Kind.RAW and token.start == token.end)
        for attribute in token.attributes.values() if token.kind is Kind.START else ():
            assert token.start < attribute.start <= attribute.end < token.end
        position = token.end
    assert position <= len(source)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ '<a href=x>' }}<b>", ["b"]),
        ("<a {% if x > 1 %}href='y'{% endif %} title=\"{{ 'a\">' }}\"><b>", ["a", "b"]),
        ("{# <a> #}<b>", ["b"]),
        ("<!-- <a> --><!--[if mso]><v:rect href='x'><![endif]--><b>", ["v:rect", "b"]),
        ("<!--[if !mso]><!--><a><!--<![endif]-->", ["a"]),
        ("{{ a <b>", ["b"]),
    ],
)
def test_a_template_tag_is_one_piece_wherever_it_stands(source: str, names: list[str]) -> None:
    assert [token.name for token in html_tokens.tokens(source) if token.kind is Kind.START] == names
