"""What fuel does not stop is refused before it is kept."""

from uuid import UUID

import pytest

from contracts.template_rules import refusal
from email_gateway.mail.content import Kind, prepare
from email_gateway.usecases.contents import _safe

ACCOUNT = UUID(int=7)
CONTENT = {"from_email": "a@example.com", "subject": "Hej"}
SELF_HOLDING = "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ['}}'] * 100000000 }}",
        "{% raw %}{#{% endraw %}{{ ['a'] * 100000000 }}",
        SELF_HOLDING,
        "{% set a = [a, a] %}",
        "{% set a = a, a %}",
        "{% for b in (x, x) %}{% endfor %}",
        "{% for b in x recursive %}{{ loop([b, b]) }}{% endfor %}",
        "{% macro twice(a) %}{% endmacro %}",
        "{% set a = x|default([x, x]) %}",
        "{% set a = x[[x, x]] %}",
        "{{ x | pprint }}",
    ],
)
def test_a_template_that_builds_structures_is_refused(text: str) -> None:
    assert refusal(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "<p style='a{b:c*d}'>{{ zip }} {{ a + 1 }} {{ items[0]['name'] }}</p>",
        "{% for row in rows|sort(attribute='at', reverse=true) %}{{ row.price|round(2) }}{% endfor %}",
        "{%- if city in ['Gdynia', 'Sopot'] and (a or b) -%}{%- elif a is defined %}{%+ endif %}",
        "{% set name = first_name ~ ' ' ~ last_name %}{{ name }}",
        "{% set block %}a{% endset %}{# ** #}",
    ],
)
def test_ordinary_templates_are_taken(text: str) -> None:
    assert refusal(text) is None


def test_tags_hidden_in_character_references_are_found_in_the_derived_text() -> None:
    html = "<p>a</p>" + SELF_HOLDING.replace("{", "&#123;")
    prepared = _safe(prepare({**CONTENT, "html": html}, Kind.TRANSACTIONAL, ACCOUNT))
    assert prepared.document is None
    assert [problem.field for problem in prepared.problems] == ["text"]
