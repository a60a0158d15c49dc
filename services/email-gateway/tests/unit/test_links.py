"""A tracked link leads where the untracked mail's would; what the reader is shown does not change for it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import can_ada
import lxml.html
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts import tokens
from contracts.tokens import TokenKind
from email_gateway.content import unsubscribing
from email_gateway.content.compose import Composer, Links, render
from email_gateway.content.link_places import MOST_PLACES
from email_gateway.content.prepare import Kind, prepare

KEY = b"k" * 32
LINKS = Links(public_url="https://wici.example", key=KEY, return_path_key=KEY)
LINK = '<a href="{{ unsubscribe_url }}">Wypisz</a>'
ANYBODY = UUID(int=7)


def html_of(html: str, fields: dict[str, Any] | None = None, kind: Kind = Kind.CAMPAIGN) -> str:
    """The html part as it is sent."""
    prepared = prepare({"from_email": "a@sklep.example", "subject": "x", "html": html}, kind, ANYBODY)
    assert prepared.document is not None, prepared.problems
    composer = Composer(prepared.document, signers=[], return_path="b.example", links=LINKS)
    composer._encoded = {"text": None, "html": None}
    variables, _ = composer._variables(fields or {}, ANYBODY, ANYBODY, ANYBODY)
    return composer._part("html", variables, lambda text: text.encode()).decode()


def targets_of(html: str, fields: dict[str, Any] | None = None) -> list[str]:
    found = re.findall(r"https://wici.example/t/([\w-]+)", html_of(html + LINK, fields))
    read = [tokens.read(token, [KEY], TokenKind.CLICK) for token in found]
    assert None not in read
    return [token.target for token in read if token is not None]


@pytest.mark.parametrize(
    ("href", "shared"),
    [
        ("https://a.pl/promocja?utm=zima", "https://a.pl/promocja?utm=zima"),
        ("https://a.pl/?kod={{ code }}&utm=zima", "https://a.pl/?kod=…"),
        ("HTTPS://A.pl/zaż/{{ code }}", "https://a.pl/za%C5%BC/…"),
        ("https://{{ city }}.a.pl/", "https://…"),
        ("{{ page }}", "…"),
        ("https://a.pl/{% if code %}x{% endif %}", "https://a.pl/…"),
    ],
)
def test_a_link_says_its_place_and_what_is_the_same_for_everybody(href: str, shared: str) -> None:
    html = f'<a href="https://a.pl/">a</a><a href="{href}">x</a>' + LINK
    for fields in (
        {"code": "ANNA7", "city": "gdynia", "page": "https://b.pl/anna"},
        {"code": "ola 8", "city": "sopot", "page": "http://c.pl/ola"},
    ):
        first, link = re.findall(r"https://wici.example/t/([\w-]+)", html_of(html, fields))
        token = tokens.read(link, [KEY], TokenKind.CLICK)

        assert token is not None and token.place is not None
        assert (token.place.number, token.shared_target) == (1, shared)
        assert tokens.read(first, [KEY], TokenKind.CLICK).place.number == 0


@pytest.mark.parametrize(
    ("href", "fields", "target"),
    [
        ("https://a.pl/?city={{ city }}", {"city": "Nowy Sącz"}, "https://a.pl/?city=Nowy%20S%C4%85cz"),
        ("https://a.pl/a b/ż?ł=ą", {}, "https://a.pl/a%20b/%C5%BC?%C5%82=%C4%85"),
        ("https://a.pl/?a=1&region=2&currency=3&section=4&copy=5", {},
         "https://a.pl/?a=1&region=2&currency=3&section=4&copy=5"),
        ("https://a.pl/?a=1&amp;b={{ b }}&copy;=2", {"b": "&reg;"}, "https://a.pl/?a=1&b=&reg;%C2%A9=2"),
        ("https://żółw.pl/x", {}, "https://xn--w-uga1v8h.pl/x"),
        (" \n HTTPS://A.pl\\x ", {}, "https://a.pl/x"),
        ("{{ page }}", {"page": "https://a.pl/ę"}, "https://a.pl/%C4%99"),
        ('https://a.pl/{{ name | default("brak") }}', {}, "https://a.pl/brak"),
        ("https://a.pl/{{ name }}", {"name": '"><script>'}, "https://a.pl/%22%3E%3Cscript%3E"),
    ],
)  # fmt: skip
def test_a_link_leads_where_a_browser_would_go(href: str, fields: dict[str, Any], target: str) -> None:
    quote = "'" if '"' in href else '"'
    assert targets_of(f"<a href={quote}{href}{quote}>x</a>", fields) == [target]


@pytest.mark.parametrize("name", ["a", "A", "area", "v:roundrect", "v:rect"])
def test_every_kind_of_link_is_tracked(name: str) -> None:
    assert targets_of(f'<{name} href="https://a.pl/">x</{name}>') == ["https://a.pl/"]
    assert targets_of(f'<!--[if mso]><{name} href="https://a.pl/">x</{name}><![endif]-->') == ["https://a.pl/"]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="">x</a>', '<a href="  ">x</a>', "<a href>x</a>", '<a href="{{ nothing }}">x</a>',
        '<a href="#top">x</a>', '<a href="mailto:a@b.pl">x</a>', '<a href="tel:+48600">x</a>',
        '<a href="/x">x</a>', '<a href="http://[x">x</a>', '<a href="javascript:alert(1)">x</a>',
        '<!-- <a href="https://a.pl/">x</a> -->', '<style>/* <a href="https://a.pl/"> */</style>',
        '<link href="https://a.pl/x.css">', '<a title="href=\'https://a.pl/\'">x</a>',
    ],
)  # fmt: skip
def test_what_is_no_web_link_stays_what_it_was(html: str) -> None:
    assert targets_of(html) == []
    assert html.replace("{{ nothing }}", "") in html_of(html + LINK)


def test_a_target_that_turns_out_to_be_none_ends_no_attribute() -> None:
    html = html_of('<a href="{{ page }}">x</a>' + LINK, {"page": 'javascript:"><script>alert(1)</script>'})
    assert "<script>" not in html and 'href="javascript:%22' in html


@given(st.text(st.sampled_from(list("aż/?&#=;:@%+ .,'\\|^`{}~[]()*!$\u200b\u00e9")), max_size=25), st.text(max_size=8))
@example("?a=1&copy=2", "ł")
def test_any_path_and_any_value_lead_where_they_would_untracked(path: str, value: str) -> None:
    path = path.replace("{{", "").replace("{%", "").replace("{#", "")
    wanted = can_ada.parse(f"https://a.pl/{path}/{value}").href
    assert targets_of(
        f'<a href="https://a.pl/{path.replace("&", "&amp;")}/{{{{ v }}}}">x</a>', {"v": value or None}
    ) == [wanted]


def test_a_preview_leads_to_the_targets() -> None:
    content = {"from_email": "a@b.pl", "subject": "x", "html": '<a href="https://a.pl/?q={{ q }}">x</a>'}
    prepared = prepare(content, Kind.TRANSACTIONAL, ANYBODY)
    assert prepared.document is not None
    html = render(prepared.document, {"q": 'a b"'})["html"]
    assert html is not None and 'href="https://a.pl/?q=a%20b%22"' in html


# --- the link that unsubscribes


@pytest.mark.parametrize(
    "html",
    [
        "<!-- {link} -->", "<style>{link}</style>", '<div style="display: none">{link}</div>', "<p hidden>{link}</p>",
        '<div style="font-size:0">{link}</div>', "{{% set x %}}{link}{{% endset %}}", "{{# {link} #}}",
        "{{% raw %}}{link}{{% endraw %}}", '<img src="{{{{ unsubscribe_url }}}}" alt="x">', "{{{{ unsubscribe_url }}}}",
        '<a href="{{{{ unsubscribe_url }}}}"></a>', '<a href="{{{{ unsubscribe_url }}}}">&nbsp;&zwnj;</a>',
        '<a href="{{{{ unsubscribe_url }}}}"><img src="x.png"></a>', "<!--[if mso]>{link}<![endif]-->",
        '<a href="https://a.pl/?x={{{{ unsubscribe_url }}}}">Wypisz</a>', '<p title="{{{{ unsubscribe_url }}}}">x</p>',
    ],
)  # fmt: skip
def test_a_link_that_nobody_sees_is_none(html: str) -> None:
    content = {"from_email": "a@b.pl", "subject": "x", "html": "<p>x</p>" + html.format(link=LINK)}
    problems = prepare(content, Kind.CAMPAIGN, ANYBODY).problems
    assert [problem.code for problem in problems] == ["email.unsubscribe_link_missing"]


@pytest.mark.parametrize(
    "html",
    [
        LINK, "<A HREF='{{unsubscribe_url|safe}}'><b>Wypisz</b></A>",
        '<a href="{{ unsubscribe_url }}"><img src="x" alt="Wypisz"></a>',
        '<a href="{{ unsubscribe_url }}">{{ words | default("Wypisz") }}</a>',
        f"{{% if x %}}a{{% else %}}b{{% endif %}}{LINK}",
    ],
)  # fmt: skip
def test_a_link_that_everybody_sees_gets_no_line_beside_it(html: str) -> None:
    for fields in ({}, {"x": "1"}):
        assert html_of(html, fields).count("https://wici.example/u/") == 1


def test_what_is_too_long_to_be_read_for_each_gets_a_line() -> None:
    html = "{% if true %}" + LINK + "{% endif %}" + "<b>" * 40_000
    assert html_of(html).count("https://wici.example/u/") == 2


def test_what_is_too_long_to_be_read_for_each_is_not_read_for_the_line_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsubscribing.html_tokens, "tokens", lambda *_, **__: pytest.fail("it was read"))
    for length in (unsubscribing.MOST_READ, 480_000):
        html = "<b>" * (length // 3)
        assert unsubscribing.with_line(html, "https://wici.example/u/x", is_html=True).endswith(f"</p>{html}")


@pytest.mark.parametrize("condition", ["{{% if x %}}{link}{{% endif %}}", "{{% for i in x %}}{link}{{% endfor %}}"])
def test_a_link_that_some_do_not_see_is_added_for_them(condition: str) -> None:
    html = "<html lang=pl><body><p>Cześć</p>" + condition.format(link=LINK) + "</body></html>"
    assert html_of(html, {"x": "1"}).count("https://wici.example/u/") == 1
    without = html_of(html, {})
    assert without.count("https://wici.example/u/") == 1
    assert re.search(r'<a href="https://wici.example/u/[\w-]+"[^>]*>Wypisz się</a></p></body></html>$', without)


@pytest.mark.parametrize(
    "html",
    [
        "{{ '<!--'|safe }}%s-->", "{{ '<!--'|safe }}%s", "{% if true %}<div hidden>%s{% endif %}",
        "{% if true %}<!--{% endif %}%s<p>", "{{ '<title>'|safe }}%s", "{{ '<x y=\\''|safe }}%s",
        "<{{ '!--' }}%s-->", "<{# #}!--%s-->", "<!-- {{ '-->' }}%s-->", "<!-- {# --> #}%s-->",
        "{% set a %}<{% endset %}{% set b %}!--{% endset %}{{ a }}{{ b }}%s-->",
        "{{ '{# <!-- #}'|safe }}{% if true %}%s{% endif %}-->",
        "<textarea>{{ '</textarea>' }}%s</textarea>", "<title{{ '' }}>%s</title>", "<!x {{ '>' }} %s",
        "<div {{ 'hidden' }}>%s</div>", "<div style='dis{{ '' }}play:none'>%s</div>",
        "<div id={{ 'x hidden' }}>%s</div>",
        "<div title=\"{{ '\\\" hidden=\\\"'|safe }}\">%s</div>", "<{{ 'div hidden' }}>%s</div>",
        "{% filter first %}%s{% endfilter %}", "{% filter replace('Wypisz', '') %}%s{% endfilter %}",
        "{% set unsubscribe_url = 'https://a.pl' %}%s", "{% with unsubscribe_url = 'https://a.pl' %}%s{% endwith %}",
        "{% for unsubscribe_url in ['\" hidden>'] %}<p title=\"{{ unsubscribe_url|safe }}\">{% endfor %}%s",
        "{% set wici_x = '<!--' %}{{ wici_x|safe }}%s-->", "<svg>%s</svg>", "<object data='x'>%s</object>",
        '<a href="{{ unsubscribe_url }}">{{ "" }}</a>', '<a href="{{ unsubscribe_url }}"><img alt="{{ "" }}"></a>',
    ],
)  # fmt: skip
def test_what_template_tags_print_hides_the_link_from_nobody(html: str) -> None:
    content = {"from_email": "a@sklep.example", "subject": "x", "html": html.replace("%s", LINK)}
    if not prepare(content, Kind.CAMPAIGN, ANYBODY).problems:
        assert is_seen(html_of(html.replace("%s", LINK)))


def is_seen(html: str) -> bool:
    """Whether a line of ours is in what another parser than our own takes for the page's text."""
    page = lxml.html.document_fromstring(html)
    hidden = page.xpath("//*[@hidden or contains(@style, 'display:none')]//p")
    return any("margin:16px 0" in line.get("style", "") for line in page.iter("p") if line not in hidden)


def test_a_text_of_its_own_without_the_link_gets_one() -> None:
    content = {"from_email": "a@b.pl", "subject": "x", "html": LINK, "text": "Hello"}
    prepared = prepare(content, Kind.CAMPAIGN, ANYBODY)
    assert prepared.document is not None
    text = render(prepared.document, {})["text"]
    assert text == "Hello\n\nUnsubscribe: #unsubscribe\n"


# --- styles, preheader, errors


def test_styles_are_literal_unless_they_are_marked() -> None:
    css = "@media(max-width:600px){#id{color:red}}.a{{b}}{%x"
    html = f"<style>{css}</style><style data-template>.b{{color:{{{{ c }}}}}}</style>{LINK}"
    sent = html_of(html, {"c": "blue"})
    assert f"<style>{css}</style>" in sent
    assert ".b{color:blue}" in sent


def test_the_preheader_lands_in_the_body_that_every_client_reads() -> None:
    html = f"<!--[if mso]><body class=m><![endif]--><!--[if !mso]><!--><body class=x><!--<![endif]-->{LINK}</body>"
    content = {"from_email": "a@b.pl", "subject": "x", "html": html, "preheader": "Hej <ty>"}
    prepared = prepare(content, Kind.CAMPAIGN, ANYBODY)
    assert prepared.document is not None
    assert re.search(r"<body class=x><div [^>]*>Hej &lt;ty&gt;</div><!--<!\[endif\]-->", prepared.document["html"])


@pytest.mark.parametrize(
    ("html", "detail"),
    [
        ("<p>\nżółw {{ birth_date | dated('d.m.Y') }}", "line 2, column 22: the filter 'dated' is not available"),
        ("a\n\n{% if x %}", "line 3, column 4: the tag 'if' has no end"),
        ("{{ a bc }}", "line 1, column 6: 'bc' stands where end of print statement is expected"),
        ("{% fi x %}", "there is no tag 'fi' here"),
    ],
)
def test_errors_name_their_line_and_column(html: str, detail: str) -> None:
    content = {"from_email": "a@b.pl", "subject": "x", "html": html}
    problem = prepare(content, Kind.TRANSACTIONAL, ANYBODY).problems[0]
    assert problem.field == "html" and detail in problem.detail, problem


UTM = {"source": "wici", "medium": "email", "campaign": "lato & zima", "term": None, "content": None}


def prepared_with_utm(html: str, **more: Any) -> dict[str, Any]:
    content = {"from_email": "a@sklep.example", "subject": "x", "html": html + LINK, "utm": UTM, **more}
    prepared = prepare(content, Kind.CAMPAIGN, ANYBODY)
    assert prepared.document is not None, prepared.problems
    return prepared.document


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("https://a.pl/x#y", "https://a.pl/x?utm_source=wici&utm_medium=email&utm_campaign=lato%20%26%20zima#y"),
        (
            "https://a.pl/?utm_source=own&amp;utm_medium=&amp;b",
            "https://a.pl/?utm_source=own&utm_medium=&b&utm_campaign=lato%20%26%20zima",
        ),
        (
            "https://a.pl/?kod={{ code }}",
            "https://a.pl/?kod=A%20B&utm_source=wici&utm_medium=email&utm_campaign=lato%20%26%20zima",
        ),
    ],
)
def test_links_get_the_parameters_that_they_lack(href: str, target: str) -> None:
    document = prepared_with_utm(f'<a href="{href}">x</a>')
    composer = Composer(document, signers=[], return_path="b.example", links=LINKS)
    variables, _ = composer._variables({"code": "A B"}, ANYBODY, ANYBODY, ANYBODY)
    token = tokens.read(variables["wici_link_0"].rpartition("/")[2], [KEY], TokenKind.CLICK)
    assert token is not None and token.target == target
    assert "A%20B" not in (token.shared_target or "")
    shown = render(document, {"code": "A B"})["html"]
    assert shown is not None and lxml.html.fromstring(shown).xpath("//a/@href")[0] == target


def test_without_tracking_links_that_are_everybodys_get_them_too() -> None:
    html = (
        '<a href="https://a.pl/?a=1&amp;b=2">x</a><a href="mailto:a@b.pl">y</a><a href="https://a.pl/{{ code }}">z</a>'
    )
    document = prepared_with_utm(html, tracking={"opens": False, "clicks": False})
    shown = render(document, {"code": "A"})["html"]
    assert shown is not None
    assert lxml.html.fromstring(shown).xpath("//a/@href")[:3] == [
        "https://a.pl/?a=1&b=2&utm_source=wici&utm_medium=email&utm_campaign=lato%20%26%20zima",
        "mailto:a@b.pl",
        "https://a.pl/A",
    ]


def places_of(html: str) -> list[tuple[str, str]]:
    prepared = prepare({"from_email": "a@sklep.example", "subject": "x", "html": html + LINK}, Kind.CAMPAIGN, ANYBODY)
    assert prepared.document is not None, prepared.problems
    return list(zip(prepared.document["labels"], prepared.document["links"], strict=True))


def test_each_place_of_a_link_has_its_number_and_its_words() -> None:
    html = (
        '<a href="https://a.pl/"><img src="https://a.pl/l.png" alt="Łąka"></a><a href="mailto:a@a.pl">Pisz</a>'
        '<p><a href="https://a.pl/">Kup <b>teraz</b>&nbsp;&amp; już</a></p>'
        '<a href="https://a.pl/k?e={{ code }}">Dla {{ first_name }}{% if code %}!{% endif %}</a>'
        '<map><area href="https://a.pl/" alt="Mapa"></map><a href="https://a.pl/" title="Nic"></a>'
    )

    assert places_of(html) == [
        ("Łąka", "https://a.pl/"),
        ("Kup teraz & już", "https://a.pl/"),
        ("Dla …!", "https://a.pl/k?e={{ code }}"),
        ("Mapa", "https://a.pl/"),
        ("Nic", "https://a.pl/"),
    ]
    found = re.findall(r"https://wici.example/t/([\w-]+)", html_of(html + LINK, {"code": "A", "first_name": "Ala"}))
    read = [tokens.read(token, [KEY], TokenKind.CLICK) for token in found]
    assert [token.place.number for token in read if token and token.place] == [0, 1, 2, 3, 4]


def test_outlooks_shape_of_a_link_has_the_place_of_the_link_itself() -> None:
    shape = '<!--[if mso]><v:roundrect href="https://a.pl/x"><center>Kup</center></v:roundrect><![endif]-->'
    html = f'{shape}<!--[if !mso]><!--><a href="https://a.pl/x">Kup</a><!--<![endif]--><a href="https://a.pl/x">Tu</a>'

    assert places_of(html) == [("Kup", "https://a.pl/x"), ("Tu", "https://a.pl/x")]
    assert targets_of(html) == ["https://a.pl/x"] * 3


def test_links_beyond_the_most_share_the_place_of_their_target() -> None:
    html = '<a href="https://a.pl/">a</a>' * (MOST_PLACES + 50)

    assert len(places_of(html)) == MOST_PLACES
    assert len(targets_of(html)) == MOST_PLACES + 50
