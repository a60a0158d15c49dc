"""Short links: codes that nobody can guess, and the links of a text that become one."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts import short_codes
from contracts.short_codes import Codes, position_of
from sms_gateway.content import gsm, short_links
from sms_gateway.content.template import RenderFailed, Template

KEY, OTHER = b"k" * 32, b"o" * 32
ADDRESS = "https://wi.ci/s/"
positions = st.integers(0, short_codes.MOST - 1)
template_texts = st.lists(
    st.sampled_from(
        ["Hej ", "{{ first_name }}", "https://a.example/x", "(https://b.example/(y))", ".", " ", "{% if a %}", "ż",
         "{% endif %}", "{# https://c.example #}", "{{ 'https://d.example' }}", "http://e.example?q=1&r=2", "\n"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(positions)
def test_a_code_says_its_position_to_who_has_the_key(position: int) -> None:
    code = Codes(KEY).code(position)

    assert len(code) == short_codes.LENGTH and gsm.encode(code) == code.encode("ascii")
    assert position_of(code, [Codes(OTHER), Codes(KEY)]) == position
    assert Codes(OTHER).position(code) is None


@given(positions, st.integers(0, short_codes.LENGTH - 1), st.sampled_from(short_codes._ALPHABET))
def test_no_code_is_a_neighbour_of_another(position: int, place: int, character: str) -> None:
    code = Codes(KEY).code(position)
    assume(code[place] != character)

    assert Codes(KEY).position(code[:place] + character + code[place + 1 :]) is None


@given(positions, positions)
def test_halves_of_two_codes_make_no_third(one: int, other: int) -> None:
    first, second = Codes(KEY).code(one), Codes(KEY).code(other)
    mixed = first[:6] + second[6:]
    assume(mixed not in (first, second))

    assert Codes(KEY).position(mixed) is None


@given(st.text(max_size=20))
def test_whatever_is_typed_is_no_code(code: str) -> None:
    assert Codes(KEY).position(code) is None


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("Zobacz https://sklep.example/promo.", ["https://sklep.example/promo"]),
        ("(https://sklep.example/a_(b)), dalej", ["https://sklep.example/a_(b)"]),
        ("HTTPS://SKLEP.EXAMPLE/A?b=1&c=2!", ["HTTPS://SKLEP.EXAMPLE/A?b=1&c=2"]),
        ("https://a.example https://a.example http://b.example", ["https://a.example", "http://b.example"]),
        ("https://a.example/{{ code }} {{ x }}https://b.example", ["https://b.example"]),
        ("{{ 'https://in.example' }}{# https://no.example #}{% raw %}https://raw.example{% endraw %}", []),
        ("ahttps://a.example, sklep.example, ftp://a.example", []),
    ],
)
def test_links_are_those_that_a_phone_would_make(text: str, targets: list[str]) -> None:
    assert list(short_links.cut(text, address=ADDRESS, is_template=True).targets) == targets


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("https://wi.ci/s/abc", "link.loop"),
        ("https://WI.CI/t/abc", "link.loop"),
        ("https://user@a.example", "link.invalid"),
        ("https://[::1", "link.invalid"),
        ("https://a.example:port", "link.invalid"),
        ("https://a.example/" + "a" * 2_000, "link.too_long"),
        (" ".join(f"https://a{number}.example" for number in range(9)), "link.too_many"),
    ],
)
def test_links_that_are_refused(text: str, code: str) -> None:
    with pytest.raises(RenderFailed) as failed:
        Template({"text": text, "literal": True, "short_link_url": ADDRESS})

    assert failed.value.code == code


def test_a_text_of_the_platform_may_lead_to_its_own_form() -> None:
    cut = short_links.cut("https://wi.ci/f/1", address=ADDRESS, is_template=False)
    assert list(cut.targets) == ["https://wi.ci/f/1"]


def test_no_text_may_name_the_variables_of_links() -> None:
    with pytest.raises(RenderFailed):
        Template({"text": "{{ wici_link_0 }} https://a.example", "short_link_url": ADDRESS})


@given(template_texts, st.integers(0, 1 << 30))
def test_parts_counted_before_are_parts_sent(text: str, position: int) -> None:
    """Whatever codes the links get, and whether or not the text is a template."""
    for literal in (True, False):
        try:
            template = Template({"text": text, "literal": literal, "short_link_url": ADDRESS})
            counted = template.encode({"first_name": "Ola"})
        except RenderFailed:
            continue
        codes = Codes(KEY)
        links = [ADDRESS + codes.code(position + number) for number in range(len(template.targets))]
        sent = template.encode({"first_name": "Ola"}, links)
        assert [len(body) for body in sent.bodies] == [len(body) for body in counted.bodies]
        plain = Template({"text": text, "literal": literal}).text({"first_name": "Ola"})
        rendered = template.text({"first_name": "Ola"}, links)
        for link, target in zip(links, template.targets, strict=True):
            rendered = rendered.replace(link, target)
        assert rendered == plain, "the same text, were the links not short"


def test_a_text_without_links_is_what_it_was() -> None:
    assert Template({"text": "Hej", "short_link_url": ADDRESS}).encode({}) == Template({"text": "Hej"}).encode({})


def test_campaign_parameters_are_where_links_lead_and_cost_no_character() -> None:
    content = {"text": "Hej https://a.example/x?utm_source=own", "short_link_url": ADDRESS}
    template = Template({**content, "utm": {"source": "wici", "campaign": "lato"}})

    assert template.targets == ["https://a.example/x?utm_source=own&utm_campaign=lato"]
    assert template.text({}) == Template(content).text({})
