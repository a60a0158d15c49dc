"""Nothing that stands in a field or a template makes a header of its own."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from email_gateway.content.compose import Composer, Links, NotComposable
from email_gateway.content.prepare import Kind, prepare

ACCOUNT = UUID(int=1)
LINKS = Links(public_url="https://wici.example", key=b"k" * 32, return_path_key=b"r" * 32)
ENDINGS = st.text(st.sampled_from("\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029: \tBcc:evil@example.com=?utf-8?q?"))
VALUES = st.one_of(st.text(max_size=80), ENDINGS)


def headers_of(fields: dict[str, Any], *, name: str, from_name: str) -> list[str]:
    content = {
        "from_email": "sklep@example.com",
        "from_name": from_name,
        "reply_to": "odpowiedz@example.com",
        "subject": "Hej {{ first_name }} {{ first_name | vocative }}",
        "html": '<p>{{ first_name }}</p><a href="{{ unsubscribe_url }}">Wypisz</a>',
    }
    document = prepare(content, Kind.CAMPAIGN, ACCOUNT).document
    assert document is not None
    composer = Composer(document, signers=[], return_path="b.example.com", links=LINKS)
    octets = composer.compose(
        message_id=UUID(int=2), address="anna@example.com", fields=fields, campaign_id=UUID(int=3), contact_id=None,
        at=0, name=name,
    ).octets  # fmt: skip
    head, _, _ = octets.partition(b"\r\n\r\n")
    assert b"\n" not in head.replace(b"\r\n", b"") and b"\r" not in head.replace(b"\r\n", b"")
    return message_from_bytes(octets, policy=policy.compat32).keys()


PLAIN = headers_of({"first_name": "Anna"}, name="Anna", from_name="Sklep")


@given(first_name=VALUES, name=VALUES, from_name=VALUES)
def test_a_mail_has_the_same_headers_whatever_its_fields_hold(first_name: str, name: str, from_name: str) -> None:
    try:
        found = headers_of({"first_name": first_name}, name=name, from_name=from_name)
    except NotComposable:
        return

    assert found == PLAIN
