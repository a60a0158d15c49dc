"""What fuel does not stop is refused before it is kept, and what is not on the list never runs."""

import time
from uuid import UUID

import minijinja
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.template_filters import FilterFailed
from contracts.template_rules import FILTERS, TESTS, lock, refusal
from email_gateway.content.prepare import Kind, prepare
from email_gateway.content.template import Template, TemplateProblem

ACCOUNT = UUID(int=7)
CONTENT = {"from_email": "a@example.com", "subject": "Hej"}
SELF_HOLDING = "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}"
# What an engine knows and no template may use.
FORBIDDEN_FILTERS = (
    "attr", "batch", "center", "chain", "dictsort", "format", "groupby", "indent", "items", "lines", "list", "map",
    "pprint", "reject", "rejectattr", "select", "selectattr", "slice", "split", "tojson", "zip",
)  # fmt: skip
FORBIDDEN_FUNCTIONS = ("cycler", "debug", "dict", "joiner", "lipsum", "namespace")


@pytest.mark.parametrize(
    "text",
    [
        "{{ ['}}'] * 100000000 }}",
        "{% raw %}{#{% endraw %}{{ ['a'] * 100000000 }}",
        SELF_HOLDING,
        "{% set a = [a, a] %}",
        "{% set a = a, a %}",
        "{% set a = a + a %}",
        "{% with a = [a, a] %}{% endwith %}",
        "{% for b in (x, x) %}{% endfor %}",
        "{% for b in x recursive %}{{ loop([b, b]) }}{% endfor %}",
        "{% macro twice(a) %}{% endmacro %}",
        "{% call x() %}{% endcall %}",
        "{% set a = x|default([x, x]) %}",
        "{% set a = x[[x, x]] %}",
        "{{ x | pprint }}",
        "{{ [1]|tojson(indent=9000000000000) }}",
        "{{ x|indent(1000000000) }}{{ x|center(1000000000) }}",
        "{{ 'a' * 1000000000 }}{{ 10 ** 1000000000 }}",
        "{{ {'a': x} }}",
        "{{ x.split(',') }}",
        "{{ x.__class__ }}",
        "{{ x is callable }}",
        "{{ x|default(*y) }}",
        "{{ range(9) }}",
        "{% for a in range(1000000) %}{% endfor %}",
        "{% include 'a' %}",
        "{% import 'a' as b %}",
        "{% extends 'a' %}",
        "{% block a %}{% endblock %}",
        "{% autoescape false %}{{ x }}{% endautoescape %}",
        "{% do x %}",
        "{% filter tojson %}{% endfilter %}",
        "{{ 9" + "9" * 5000 + " }}",
        "{{ '" + "x" * 20_000 + "' }}",
        "{% for a in x %}" * 4 + "{% endfor %}" * 4,
    ],
)
def test_what_is_not_on_the_list_is_refused(text: str) -> None:
    assert refusal(text) is not None
    with pytest.raises(TemplateProblem):
        Template({"text": text})


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + " + ".join(["a"] * 100_000) + " }}",
        "{{ " + " ~ ".join(["a"] * 100_000) + " }}",
        "{{ a" + "|upper" * 100_000 + " }}",
        "{{ a" + ".b" * 100_000 + " }}",
        "{% if a" + " and a" * 100_000 + " %}{% endif %}",
        "{% if a %}" + "{% elif a %}" * 50_000 + "{% endif %}",
        "{{ " + "not " * 20_000 + "a }}",
        "{{ " + "(" * 20_000 + "a" + ")" * 20_000 + " }}",
        "{{ a }}" * 140_000,
    ],
    ids=["sum", "concat", "filters", "attributes", "and", "elif", "not", "brackets", "tags"],
)
def test_chains_that_would_end_the_process_are_refused_and_soon(text: str) -> None:
    began = time.process_time()

    assert refusal(text) is not None

    assert time.process_time() - began < 20


def test_a_refusal_names_the_line_and_the_piece() -> None:
    assert refusal("Hej\n{{ x|tojson }}") == "line 2, column 6: the filter 'tojson' is not available in templates"
    assert str(refusal("{{ a\n")).startswith("line ")


@pytest.mark.parametrize(
    "text",
    [
        "<p style='a{b:c*d}'>{{ zip }} {{ a + 1 }} {{ items[0]['name'] }}</p>",
        "{% for row in rows|sort(attribute='at', reverse=true) %}{{ row.price|round(2) }}{% endfor %}",
        "{%- if city in ['Gdynia', 'Sopot'] and (a or b) -%}{%- elif a is defined %}{%+ endif %}",
        "{% set name = first_name ~ ' ' ~ last_name %}{{ name }}",
        "{% set block %}a{% endset %}{# ** #}",
        "{% for at in range(3) %}{{ loop.index }}{{ at + 1 }}{% else %}-{% endfor %}",
        "{% for day in ['pon', 'wt'] if day != x %}{{ day }}{% endfor %}",
        "{% with shown = city|upper %}{{ shown[:3] }}{% endwith %}{% filter trim %} a {% endfilter %}",
        "{{ 'a' if a is not none else 'b' }}{{ -a // 2 % 3 }}{{ x|replace('a', 'b')|urlencode }}",
        "{% raw %}{{ 2 * 3|tojson }}{% endraw %}{# {{ x|tojson }} #}",
    ],
)
def test_ordinary_templates_are_taken(text: str) -> None:
    assert refusal(text) is None
    Template({"text": text})


@pytest.mark.parametrize("kind", ["filter", "test"])
def test_the_engine_knows_all_that_is_on_the_list(kind: str) -> None:
    environment = minijinja.Environment()
    lock(environment, lenient=True)
    for name in sorted(FILTERS if kind == "filter" else TESTS):
        try:
            environment.render_str(f"{{{{ 'a'|{name} }}}}" if kind == "filter" else f"{{{{ 'a' is {name} }}}}")
        except (minijinja.TemplateError, FilterFailed) as error:
            assert "unknown" not in str(error), name


@pytest.mark.parametrize("name", FORBIDDEN_FILTERS)
def test_what_is_not_on_the_list_is_taken_from_the_engine(name: str) -> None:
    environment = minijinja.Environment()
    lock(environment, lenient=False)

    with pytest.raises(minijinja.TemplateError, match="unknown filter"):
        environment.render_str(f"{{{{ [1]|{name} }}}}")
    assert set(environment.globals) == {"range"}


NAMES = st.sampled_from(["a", "b", "loop", "rows", "range", "ns"])
CONSTANTS = st.sampled_from(
    ["1", "'x'", "2.5", "true", "none", "9000000000000", "[1, 2]", "{}", "(1, 2)", "'}}'", "'{#'"]
)
CALLS = st.sampled_from([*FORBIDDEN_FUNCTIONS, "range", "loop", "a.split"])
OPERATORS = st.sampled_from(["+", "-", "*", "/", "**", "~", "in", "and", "or", "==", "is"])
PIPES = st.sampled_from([*FORBIDDEN_FILTERS, "upper", "default", "join", "sort"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, PIPES).map(lambda two: f"{two[0]}|{two[1]}"),
        st.tuples(inner, PIPES, inner).map(lambda three: f"({three[0]})|{three[1]}({three[2]})"),
        st.tuples(CALLS, inner).map(lambda two: f"{two[0]}({two[1]})"),
        st.tuples(inner, OPERATORS, inner).map(" ".join),
        st.tuples(inner, inner).map(lambda two: f"[{two[0]}, {two[1]}]"),
        st.tuples(inner, st.sampled_from([".b", "[0]", "[:2]", "|attr('x')"])).map("".join),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, CONSTANTS), _grown, max_leaves=5)
# Also what cuts a text otherwise than it looks: openings and ends by themselves, quotes, raw parts and comments.
SCRAPS = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "{#", "#}", "{#}", "{#-", "-#}", "'", '"', "\\", "{", "}", "-", "+", "\n", " "),
        *("{%raw%}", "{%-raw-%}", "{%+raw+%}", "{% raw\n%}", "{%\xa0raw %}", "\x85", "\x1c"),
        *("{%endraw%}", "{%-endraw-%}", "{%+endraw+%}", "{%\xa0endraw %}"),
    ]
)
TAGS = st.one_of(
    EXPRESSIONS.map(lambda code: "{{ " + code + " }}"),
    EXPRESSIONS.map(lambda code: "{% set a = " + code + " %}"),
    EXPRESSIONS.map(lambda code: "{% for b in " + code + " %}{{ b }}{% endfor %}"),
    EXPRESSIONS.map(lambda code: "{% if " + code + " %}x{% endif %}"),
    st.sampled_from(
        [
            *("{% filter tojson %}x{% endfilter %}", "{% include 'x' %}", "{% macro m() %}{% endmacro %}{{ m() }}"),
            *("{% autoescape true %}{% endautoescape %}", "{% block x %}{% endblock %}", "{% do a %}"),
            "{% set ns.a = 1 %}",
        ]
    ),
)


class Ran(Exception):
    """Something ran that no template may use."""


def watched() -> tuple[minijinja.Environment, list[str]]:
    """An engine that has everything, and what of the forbidden it was made to run."""
    environment, ran = minijinja.Environment(fuel=20_000, undefined_behavior="lenient"), []

    def spy(name: str) -> object:
        def run(*_args: object, **_options: object) -> None:
            ran.append(name)
            raise Ran(name)

        return run

    for name in FORBIDDEN_FILTERS:
        environment.add_filter(name, spy(name))
    for name in FORBIDDEN_FUNCTIONS:
        environment.add_global(name, spy(name))
    return environment, ran


@settings(max_examples=500)
@given(pieces=st.lists(st.one_of(TAGS, TAGS, SCRAPS), min_size=1, max_size=8))
@example(pieces=["{#}", "{{ [1]|tojson(indent=9000000000000) }}", "#}"])
@example(pieces=["{%raw%}", "{%+endraw+%}", "{{ [1]|tojson }}"])
@example(pieces=["{{ '", "{#", "' }}", "{{ [1]|pprint }}", "{# '}} #}"])
def test_nothing_outside_of_the_list_renders(pieces: list[str]) -> None:
    text = "".join(pieces)
    if refusal(text) is not None:
        return

    environment, ran = watched()
    try:
        environment.add_template("t", text)
        rendered = environment.render_template("t", a="A", b=[1, "x"], rows=[{"b": 1}])
    except (minijinja.TemplateError, Ran):
        rendered = ""

    assert ran == []
    assert len(rendered) <= 20_000


def test_tags_hidden_in_character_references_are_found_in_the_derived_text() -> None:
    html = "<p>a</p>" + SELF_HOLDING.replace("{", "&#123;")
    prepared = prepare({**CONTENT, "html": html}, Kind.TRANSACTIONAL, ACCOUNT)
    assert prepared.document is None
    assert [problem.field for problem in prepared.problems] == ["text"]
