"""The templates that ship with Wici, as the e-mail channel makes mails of them."""

import html as entities
import re
from uuid import UUID

import html5lib
import pytest

from campaigns import ready_made
from email_gateway.content.first_render import _check

FIELDS = {
    "first_name": "Małgorzata", "order_number": "ZA/1", "order_state": "W drodze", "tracking_url": "https://example.com/t",
    "items": [{"name": "Kubek", "quantity": 2, "price": "49.5"}, {"name": "Herbata", "price": 19}, {"name": "Nic"}],
    "total": 118, "delivery_date": "2026-12-03", "code": "482913", "discount_code": "SOLENIZANT", "price": 1199,
    "cart_url": "https://example.com/c", "product": "Ekspres", "old_price": 1499, "product_url": "https://example.com/p",
}  # fmt: skip
SERVICE = {"order_state", "one_time_code"}  # no campaigns: nobody unsubscribes from a code
EVERY = [ready_made._read(slug, language) for slug in ready_made.SLUGS for language in ready_made.LANGUAGES]
READABLE = 4.5  # WCAG 2.2, 1.4.3


@pytest.fixture(scope="module", params=EVERY, ids=lambda one: f"{one.slug}.{one.language}")
def shipped(request):
    return request.param


@pytest.fixture(scope="module")
def checked(shipped):
    return _check({"from_email": "a@example.com", **shipped.content}, UUID(int=1), [FIELDS, {}])


def test_it_compiles_is_light_and_needs_no_advice(shipped, checked):
    missing = ["email.unsubscribe_link_missing"] if shipped.slug in SERVICE else []
    assert [problem.code for problem in checked.problems] == missing
    assert [advice.code for advice in checked.advice if advice.code != "email.subject_long"] == []
    assert checked.figures.weight < 40_000
    assert "[[" not in checked.content["html"] + checked.content["subject"] + checked.content["preheader"]


def test_it_renders_with_and_without_all_fields_in_its_language(shipped, checked):
    full, empty = checked.rendered

    for shown in (full, empty):
        assert len(shown["text"].split()) > 20 and 0 < len(shown["subject"]) <= 50
        assert "None" not in shown["text"] and "{" not in shown["text"]
        assert f'lang="{shipped.language}"' in shown["html"]
    used = set(checked.variables) & set(FIELDS)
    assert (full["text"] != empty["text"]) is bool(used)
    if "first_name" in used:
        assert ("Małgorzato" if shipped.language == "pl" else "Małgorzata") in full["text"]
        assert not re.search(r"(?:Hello|Hi|Cześć|dobry) [,!]", empty["text"])


def test_nothing_of_it_is_fetched_from_anywhere(checked):
    assert not re.search(r"<(?:img|link|script)\b|@import|url\(", checked.content["html"])


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(checked, is_dark):
    document = html5lib.parse(checked.rendered[0]["html"], namespaceHTMLElements=False)
    dark = dark_rules(checked.content["html"]) if is_dark else []

    pairs = set(contrasts(document.find("body"), [], ("#000000", "#ffffff"), dark))

    assert pairs
    assert {pair: round(contrast(*pair), 1) for pair in pairs if contrast(*pair) < READABLE} == {}


def dark_rules(html):
    """(selector as a list of (name or class, is child), property, value) of the rules for dark screens."""
    block = re.search(r"@media \(prefers-color-scheme: dark\) \{(.*?\})\s*\}", html, re.DOTALL)[1]
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", block):
        for selector in selectors.split(","):
            for name, value in re.findall(r"([\w-]+):\s*(#\w{6})", declarations):
                yield selector.split(), name, value


def matches(path, selector):
    """Whether the last element of the path is what `.a > b` or `.a b` selects."""
    *before, last = selector
    if not is_one(path[-1], last):
        return False
    if not before:
        return True
    if before[-1] == ">":
        return len(path) > 1 and matches(path[:-1], before[:-1])
    return any(matches(path[:end], before) for end in range(1, len(path)))


def is_one(element, simple):
    if simple.startswith("."):
        return simple[1:] in (element.get("class") or "").split()
    return element.tag == simple


def contrasts(element, path, colours, dark):
    """(colour, background) of every text in the element. :param colours: those around it."""
    path, dark = [*path, element], list(dark)
    style = dict(re.findall(r"(?:^|;)\s*([\w-]+)\s*:\s*([^;]+)", element.get("style") or ""))
    if "none" in style.get("display", ""):
        return
    text, background = colours
    text = style.get("color", text)
    background = style.get("background-color", element.get("bgcolor") or background)
    for selector, name, value in dark:
        if matches(path, selector):
            text, background = (value, background) if name == "color" else (text, value)
    if (element.text or "").strip() and element.tag not in ("style", "title"):
        yield text, background
    for child in element:
        if isinstance(child.tag, str):
            yield from contrasts(child, path, (text, background), dark)
        if (child.tail or "").strip():
            yield text, background


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(entities.unescape(colour).strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
