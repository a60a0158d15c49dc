"""Dates, amounts, numbers and names in templates, in Polish and English, the same on every channel."""

import minijinja
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.template_filters import NAMES, FilterFailed
from contracts.template_rules import lock, refusal

VALUES = {
    "day": "2026-11-24", "moment": "2026-03-01T08:05:09+01:00", "price": "1234,5", "cents": 0.005, "points": 1234567,
    "loss": "-0.001", "name": "Anna", "words": "jutro", "nothing": "", "yes": True,
}  # fmt: skip


def rendered(template, *, lenient=True, space=" ", **values):
    assert refusal(template) is None
    environment = minijinja.Environment(undefined_behavior="lenient" if lenient else "strict")
    lock(environment, lenient=lenient, space=space)
    return environment.render_str(template, **(VALUES | values))


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("day|date", "24.11.2026"), ("day|date('short', 'en')", "24/11/2026"), ("day|date('iso')", "2026-11-24"),
        ("day|date('long')", "24 listopada 2026"), ("day|date('long', 'en')", "24 November 2026"),
        ("moment|date('day')", "1 marca"), ("moment|date('day', lang='en')", "1 March"),
        ("day|date('weekday')", "wtorek, 24 listopada 2026"), ("moment|date('weekday', 'en')", "Sunday, 1 March 2026"),
        ("moment|time", "08:05"), ("price|amount", "1 234,50 zł"), ("price|amount('EUR')", "1 234,50 €"),
        ("price|amount('EUR', 'en')", "€1,234.50"), ("price|amount('PLN', 'en')", "1,234.50 zł"),
        ("'-3'|amount('USD', 'en')", "-$3.00"), ("price|amount('CHF')", "1 234,50 CHF"), ("cents|amount", "0,01 zł"),
        ("loss|amount", "0,00 zł"), ("points|number", "1 234 567"), ("points|number('en')", "1,234,567"),
        ("price|number", "1 234,5"), ("price|number(2)", "1 234,50"), ("price|number(0, 'en')", "1,235"),
        ("name|vocative", "Anno"), ("missing|default('Klient')|vocative", "Klient"), ("missing|vocative", ""),
        ("nothing|amount", ""), ("missing|date", ""),
    ],
)  # fmt: skip
def test_values_are_written_as_people_write_them(expression, written):
    assert rendered("{{ " + expression + " }}") == written


def test_an_amount_is_not_torn_apart_at_the_end_of_a_line_where_that_costs_nothing():
    assert rendered("{{ price|amount }}", space="\u00a0") == "1\u00a0234,50\u00a0zł"
    assert rendered("{{ day|date('long') }}", space="\u00a0") == "24 listopada 2026"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("words|date", "needs a date"), ("'2026-02-30'|date", "needs a date"), ("day|time", "a date with a time"),
        ("day|date('d.m.Y')", "knows"), ("day|date('long', 'de')", "knows"), ("words|amount", "needs a number"),
        ("price|amount('zł')", "three letters"), ("'1e400'|number", "needs a number"), ("price|number(9)", "decimals"),
        ("'nan'|number", "needs a number"), ("yes|number", "needs a number"), ("price|amount([1])", "brackets"),
        ("price|amount('PLN', 'pl', 'x')", "brackets"), ("price|number(number=1)", "brackets"),
    ],
)  # fmt: skip
def test_what_is_none_is_told_without_its_value(expression, said):
    with pytest.raises(FilterFailed) as failed:
        rendered("{{ " + expression + " }}")

    assert said in str(failed.value) and "jutro" not in str(failed.value)


def test_a_strict_template_fails_for_who_lacks_the_value():
    with pytest.raises(FilterFailed):
        rendered("{{ missing|vocative }}", lenient=False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(value=JSON, option=JSON, name=st.sampled_from(sorted(NAMES)), has_option=st.booleans())
def test_any_value_is_written_or_refused_in_words(value, option, name, has_option):
    environment = minijinja.Environment(undefined_behavior="lenient")
    lock(environment, lenient=True)
    try:
        written = environment.render_str(f"{{{{ v|{name}{'(o)' if has_option else ''} }}}}", v=value, o=option)
    except FilterFailed:
        return
    assert len(written) < 200 or name == "vocative"
