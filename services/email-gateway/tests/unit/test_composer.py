"""Composed messages, read back by Python's e-mail parser and by dkimpy."""

from __future__ import annotations

import email
import email.policy
import html as html_module
import quopri
import re
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import dkim as oracle
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts import tokens
from contracts.tokens import TokenKind
from email_gateway.content import dkim, mime, verp
from email_gateway.content.compose import Composer, Links, NotComposable, ascii_address
from email_gateway.content.encoded import encoded_template
from email_gateway.content.prepare import Kind, prepare
from email_gateway.content.template import Template

ACCOUNT = UUID("01900000-0000-7000-8000-00000000000a")
CAMPAIGN = UUID("01900000-0000-7000-8000-00000000000b")
MESSAGE = UUID("01900000-0000-8000-8000-000000000001")
CONTACT = UUID("01900000-0000-7000-8000-00000000000c")
SIGNER = dkim.load_signer("sklep.example", "w1", dkim.new_private_key("rsa"))
KEY = b"k" * 32
LINKS = Links(public_url="https://wici.example", key=KEY, return_path_key=b"r" * 32)
HTML = """<html><body><h1>Cześć {{ first_name|default("Kliencie") }}!</h1>
<p>{% if city is defined %}Miasto: {{ city }}{% endif %}</p>
<a href="https://sklep.example/oferta?a=1&amp;b=2">Oferta</a> <a class=x href='https://sklep.example/{{ code }}'>Kod</a>
<a href="mailto:a@b.pl">napisz</a> <a href="{{ unsubscribe_url }}">Wypisz</a></body></html>"""


LINK = '<a href="{{ unsubscribe_url }}">Wypisz</a>'


def content(**changes: Any) -> dict[str, Any]:
    return {"from_email": "news@sklep.example", "from_name": "Sklep Łódź", "subject": "Witaj", "html": HTML, **changes}


def composer(kind: Kind = Kind.CAMPAIGN, **changes: Any) -> Composer:
    prepared = prepare(content(**changes), kind, ACCOUNT)
    assert prepared.document is not None, prepared.problems
    return Composer(prepared.document, signers=[SIGNER], return_path="bounces.sklep.example", links=LINKS)


def compose(made: Composer, fields: dict[str, Any], **changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "message_id": MESSAGE, "address": "jan@poczta.example", "campaign_id": CAMPAIGN, "contact_id": CONTACT,
        "at": 1_790_000_000,
    }  # fmt: skip
    return made.compose(fields=fields, **{**arguments, **changes}).octets


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def verifies(octets: bytes) -> bool:
    record = dkim.dns_record(SIGNER).encode()
    return bool(oracle.DKIM(octets).verify(dnsfunc=lambda name, timeout=5: record))


def test_message_reads_back_and_verifies() -> None:
    octets = compose(
        composer(subject="Zażółć {{ city }}"), {"first_name": "Łucja <b>", "city": "Gdynia", "code": "X 1"}
    )

    message = parsed(octets)
    assert message["subject"] == "Zażółć Gdynia"
    assert message["from"].addresses[0].display_name == "Sklep Łódź"
    assert message["to"] == "jan@poczta.example"
    assert message["message-id"] == f"<{MESSAGE.hex}@sklep.example>"
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert "Cześć Łucja &lt;b&gt;!" in body(message, "html")
    assert "Cześć Łucja <b>!" in body(message, "plain")
    assert verifies(octets)


def test_links_become_tokens_that_lead_where_they_led() -> None:
    message = parsed(compose(composer(), {"code": "ABC"}))

    html = body(message, "html")
    targets = [
        tokens.read(token, [KEY], TokenKind.CLICK) for token in re.findall(r"https://wici.example/t/([\w-]+)", html)
    ]
    assert [token.target for token in targets if token] == [
        "https://sklep.example/oferta?a=1&b=2", "https://sklep.example/ABC",
    ]  # fmt: skip
    assert all(
        token and (token.message_id, token.contact_id, token.campaign_id) == (MESSAGE, CONTACT, CAMPAIGN)
        for token in targets
    )
    opened = tokens.read(re.findall(r"/o/([\w-]+)", html)[0], [KEY], TokenKind.OPEN)
    assert opened and opened.message_id == MESSAGE
    unsubscribe = re.findall(r"/u/([\w-]+)", html)[0]
    mailto = verp.encode(MESSAGE, "bounces.sklep.example", LINKS.return_path_key, verp.Kind.UNSUBSCRIBE)
    both = f"<https://wici.example/u/{unsubscribe}>, <mailto:{mailto}?subject=unsubscribe>"
    assert " ".join(message["list-unsubscribe"].split()) == both
    assert 'href="mailto:a@b.pl"' in html
    assert "/t/" in body(message, "plain")


def test_campaign_without_unsubscribe_link_is_refused() -> None:
    prepared = prepare(content(html="<p>x {# {{ unsubscribe_url }} #}</p>"), Kind.CAMPAIGN, ACCOUNT)

    assert prepared.document is None
    assert [problem.code for problem in prepared.problems] == ["email.unsubscribe_link_missing"]
    assert prepare(content(html="<p>x</p>"), Kind.TRANSACTIONAL, ACCOUNT).document is not None


def test_a_campaign_prints_nothing_for_a_field_that_a_recipient_lacks() -> None:
    assert prepare(content(), Kind.CAMPAIGN, ACCOUNT).variables == ["city", "code", "first_name"]

    made = composer(subject="Witaj {{ nick }}!", html=LINK + "<p>[{{ nick }}]{% if nick %}x{% endif %}</p>")
    message = parsed(compose(made, {"nick": ""}))

    assert message["subject"] == "Witaj !"
    assert "[]</p>" in body(message, "html")


def test_a_single_mail_is_refused_for_a_field_that_is_missing() -> None:
    with pytest.raises(NotComposable) as refused:
        compose(composer(Kind.TRANSACTIONAL, html="{{ nick }}"), {})
    assert refused.value.code == "template.failed"


@pytest.mark.parametrize(
    "html",
    ["{{ a", "{% if %}", "{{ ['a'] * 1000000000 }}", "{% include 'x' %}", "{% for x in y %}", "{{ wici_open_url }}"],
)
def test_templates_that_do_not_compile_or_are_unsafe_are_problems(html: str) -> None:
    prepared = prepare(content(html=LINK + html), Kind.CAMPAIGN, ACCOUNT)

    assert prepared.document is None
    assert prepared.problems


def test_a_template_that_burns_all_its_fuel_refuses_the_recipient() -> None:
    html = LINK + "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"

    with pytest.raises(NotComposable):
        compose(composer(html=html), {})


@pytest.mark.parametrize(
    "html", ["<table>{% for r in rows %}<tr><td>{{ r }}</td></tr>{% endfor %}</table>", "<style>p{}</style>a"]
)
def test_text_part_is_derived_from_tables_with_loops(html: str) -> None:
    text = body(
        parsed(compose(composer(html=html + "<a href='{{ unsubscribe_url }}'>u</a>"), {"rows": ["Ala", "Ola"]})),
        "plain",
    )

    assert "p{}" not in text
    assert ("Ala" in text and "Ola" in text) or "a" in text
    assert "https://wici.example/u/" in text


def test_single_part_text_mail() -> None:
    octets = compose(composer(Kind.TRANSACTIONAL, html="", text="Kod: {{ code }}\n.\n"), {"code": "123"})

    message = parsed(octets)
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == "Kod: 123\n.\n"
    assert "list-unsubscribe" not in message
    assert verifies(octets)


@pytest.mark.parametrize(
    "address", ["żółć@x.pl", "a b@x.pl", "a\r\nRCPT TO:<b@x.pl>@y.pl", "@x.pl", "a@", "a", '"q"@x.pl']
)
def test_addresses_that_cannot_be_written_are_refused(address: str) -> None:
    with pytest.raises(NotComposable):
        ascii_address(address)


def test_domain_with_polish_letters_becomes_a_label() -> None:
    assert ascii_address("jan@żółw.example") == "jan@xn--w-uga1v8h.example"


anything = st.text(max_size=150)


@settings(max_examples=100)
@given(
    subject=st.one_of(anything, st.text(alphabet="abc ", max_size=998)), name=anything, value=anything, text=anything
)
def test_any_values_read_back_and_cannot_add_headers(subject: str, name: str, value: str, text: str) -> None:
    made = composer(Kind.TRANSACTIONAL, subject="{{ s }}", from_name=name, html="<p>{{ v }}</p>", text="{{ t }}")

    octets = compose(made, {"s": subject or "s", "v": value or "v", "t": text or "t"}, name=name)

    message = email.message_from_bytes(octets, policy=email.policy.default)
    keys = [key.lower() for key in message]
    assert len(keys) == len(set(keys)) == 9
    assert message["subject"] == mime.clean(subject or "s")
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    assert b"\r" not in octets.replace(b"\r\n", b"") and b"\n" not in octets.replace(b"\r\n", b"")
    assert verifies(octets)


@settings(max_examples=100)
@given(text=st.text(alphabet=st.sampled_from("ab .=\t\n\r\0ł€😀"), max_size=400))
@example(text="a" * 74 + " \n")
@example(text="a" * 75 + "\t\nb")
@example(text="a" * 76 + " \r\nb")
def test_transfer_encodings_read_back(text: str) -> None:
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    for encode, name in ((mime.quoted_printable, "quoted-printable"), (mime.base64_lines, "base64")):
        encoded = encode(text)
        assert max(map(len, encoded.split(b"\r\n"))) <= 76
        read = email.message_from_bytes(
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n%s"
            % (name.encode(), encoded)
        ).get_payload(decode=True)
        assert read.decode().replace("\r\n", "\n").removesuffix("\n") == wanted.removesuffix("\n")


PLAIN = (
    "Cześć {{ a }}!\n{% if b %}dla {{ b }} =3D{% else %}dla nikogo{% endif %} {# nic #}"
    "{% for i in l %}* {{ i }}\n{% endfor %}"
    "{% set x = a ~ 1 %}{{ x }}{{ n }} {{ f }} {{ t }} {{ '<' }} {{ a|safe }} {{ b|default('nic') }}  \n.\nkoniec "
    + "długi "
    * 40
)


@settings(max_examples=100)
@given(
    a=anything, b=anything, listed=st.lists(anything, max_size=3), n=st.integers(-(2**60), 2**60), escapes=st.booleans()
)
# A blank before a line end becomes three octets, which Python's encoder does not count.
@example(a="00" + "\x80" * 2 + "\U00010000" * 5 + " \n", b="", listed=[], n=0, escapes=False)
@example(a="", b="x" * 75 + " \n", listed=["x" * 74 + "\t\n"], n=0, escapes=True)
def test_encoded_templates_say_what_plain_ones_say(a: str, b: str, listed: list[str], n: int, escapes: bool) -> None:
    # Line ends are normalised piece by piece: a CR at a value's end does not join an LF of the template after it.
    listed = [each.replace("\r", "\n") for each in listed]
    variables = {"a": a.replace("\r", "\n"), "b": b.replace("\r", "\n"), "l": listed, "n": n, "f": 1.5, "t": True}
    encoded = encoded_template(PLAIN, escapes=escapes)
    assert encoded is not None
    name = "html" if escapes else "text"

    octets = encoded.render(variables)

    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert octets.endswith(b"\r\n")
    wanted = Template({name: PLAIN}).render(name, variables).replace("\r\n", "\n").replace("\r", "\n")
    read = quopri.decodestring(octets).decode().replace("\r\n", "\n")
    if escapes:
        wanted, read = html_module.unescape(wanted), html_module.unescape(read)
    assert read.removesuffix("\n") == wanted.removesuffix("\n")


@pytest.mark.parametrize("value", ["a ", "a" * 72 + " ", "a" * 75 + " ", "x" * 200 + "  "])
def test_no_line_of_a_mail_ends_with_a_blank(value: str) -> None:
    """A server may take it away (RFC 2045 section 6.7, rule 3), and the signature with it."""
    encoded = encoded_template("{{ a }}", escapes=False)
    assert encoded is not None

    octets = encoded.render({"a": value})

    assert not [line for line in octets.split(b"\r\n") if line.endswith(b" ") or len(line) > 76]
    assert quopri.decodestring(octets).decode() == value + "\r\n"


@pytest.mark.parametrize(
    "source",
    [
        "{{- a }}",
        "{% macro m() %}{% endmacro %}",
        "{% raw %}{{ a }}{% endraw %}",
        "{% set x %}a{% endset %}",
    ],
)
def test_templates_that_do_more_are_left_to_the_plain_way(source: str) -> None:
    assert encoded_template(source, escapes=False) is None


@pytest.mark.parametrize(
    ("tracking", "opens", "clicks"),
    [
        (None, True, True),
        ({"opens": True, "clicks": True}, True, True),
        ({"opens": False, "clicks": True}, False, True),
        ({"opens": True, "clicks": False}, True, False),
        ({"opens": False, "clicks": False}, False, False),
    ],
)
def test_opens_and_clicks_are_tracked_unless_the_mail_says_otherwise(
    tracking: dict[str, bool] | None, opens: bool, clicks: bool
) -> None:
    for kind in (Kind.CAMPAIGN, Kind.TRANSACTIONAL):
        made = composer(kind, tracking=tracking).compose(
            message_id=MESSAGE, address="ala@poczta.example", fields={"code": "x&y"}, campaign_id=None,
            contact_id=None, at=1_790_000_000,
        )  # fmt: skip
        mail = email.message_from_bytes(made.octets, policy=email.policy.default)
        html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]

        assert ("https://wici.example/o/" in html) is opens
        assert ("https://wici.example/t/" in html) is clicks
        assert ('href="https://sklep.example/oferta?a=1&amp;b=2"' in html) is not clicks
        assert "https://wici.example/u/" in html, "unsubscribing is no tracking"


def test_a_mail_that_tracks_nothing_is_another_content() -> None:
    hashes = {
        prepare(content(tracking=tracking), Kind.CAMPAIGN, ACCOUNT).content_hash
        for tracking in (None, {"opens": False, "clicks": False}, {"opens": True, "clicks": True})
    }
    assert len(hashes) == 2
