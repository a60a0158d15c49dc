"""Rendering and the bodies of submit_sm, read back with the general codec."""

import pytest

from channel.batches import Header
from chassis.ids import new_id
from contracts.ids import message_id
from contracts.vocabulary import Lane
from sms_gateway.content import parts
from sms_gateway.content.parts import LongForm
from sms_gateway.content.submission import Envelope, relative_time
from sms_gateway.content.template import Encoded, RenderFailed, Template
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command, Tag

LONG = "Zażółć gęślą jaźń. " * 10


def sent(text: str, form: LongForm = LongForm.UDH, sender: str = "Wici", **content: object) -> list[smpp.Pdu]:
    encoding, octets = parts.encode(text)
    encoded = Encoded(encoding, tuple(parts.split(encoding, octets)))
    bodies = Envelope(sender, content, form).bodies("+48600100200", encoded, 0x1234)
    return [smpp.decode(smpp.pack_header(16 + len(body), Command.SUBMIT_SM, 0, 1) + body) for body in bodies]


def test_a_short_message() -> None:
    (pdu,) = sent("Hello €")
    assert pdu.fields["source_addr"] == "Wici"
    assert (pdu.fields["source_addr_ton"], pdu.fields["dest_addr_ton"], pdu.fields["dest_addr_npi"]) == (5, 1, 1)
    assert pdu.fields["destination_addr"] == "48600100200"
    assert pdu.fields["short_message"] == b"Hello \x1be"
    assert (pdu.fields["registered_delivery"], pdu.fields["data_coding"], pdu.fields["esm_class"]) == (1, 0, 0)


def test_a_phone_number_as_sender() -> None:
    (pdu,) = sent("x", sender="+48500100200")
    assert (pdu.fields["source_addr_ton"], pdu.fields["source_addr_npi"], pdu.fields["source_addr"]) == (
        1,
        1,
        "48500100200",
    )


def test_flash_and_validity() -> None:
    (pdu,) = sent("ż", flash=True, validity_minutes=4320)
    assert pdu.fields["data_coding"] == 0x18
    assert pdu.fields["validity_period"] == "000003000000000R"
    assert relative_time(90) == b"000000013000000R"


def test_long_message_by_header() -> None:
    pdus = sent(LONG)
    octets = [pdu.fields["short_message"] for pdu in pdus]
    assert all(isinstance(each, bytes) and len(each) <= 140 for each in octets)
    assert [each[:6] for each in octets] == [bytes((5, 0, 3, 0x34, len(pdus), n)) for n in range(1, len(pdus) + 1)]  # type: ignore[index]
    assert b"".join(each[6:] for each in octets).decode("utf-16-be") == LONG  # type: ignore[index,misc]
    assert {pdu.fields["esm_class"] for pdu in pdus} == {0x40}


def test_long_message_by_parameters() -> None:
    pdus = sent(LONG, LongForm.SAR)
    assert [pdu.tlvs[Tag.SAR_SEGMENT_SEQNUM][0] for pdu in pdus] == list(range(1, len(pdus) + 1))
    assert {pdu.tlvs[Tag.SAR_MSG_REF_NUM] for pdu in pdus} == {b"\x12\x34"}
    assert "".join(pdu.fields["short_message"].decode("utf-16-be") for pdu in pdus) == LONG  # type: ignore[union-attr]


def test_long_message_as_payload() -> None:
    (pdu,) = sent(LONG, LongForm.PAYLOAD)
    assert pdu.fields["short_message"] == b""
    assert pdu.tlvs[Tag.MESSAGE_PAYLOAD].decode("utf-16-be") == LONG


@pytest.mark.parametrize("long_form", [LongForm.UDH, LongForm.SAR, LongForm.PAYLOAD])
@pytest.mark.parametrize("text", ["Hej", "x" * 200])
def test_a_carrier_is_given_its_parameters_and_those_of_partners_with_each_part(text: str, long_form: LongForm) -> None:
    content = {"text": text, "literal": True, "parameters": {"0x1401": "0a0b", "0x1499": "00", "0x1402": "ff"}}
    parameters = ((0x1400, b"PE"), (0x1401, None), (0x1402, b"ours"), (0x1403, None))
    bare = Envelope("Wici", content, long_form).bodies("+48600100200", Template(content).encode({}), 7)
    given = Envelope("Wici", content, long_form, parameters).bodies("+48600100200", Template(content).encode({}), 7)
    tail = bytes.fromhex("14000002") + b"PE" + bytes.fromhex("140100020a0b14020004") + b"ours"
    assert given == [body + tail for body in bare]


def test_an_empty_field_takes_the_default_and_a_missing_one_is_empty() -> None:
    template = Template({"text": "Hej {{ first_name | default('Kliencie') }}"})
    assert template.variables == ["first_name"]
    assert (
        template.text({"first_name": ""}) == template.text({"first_name": None}) == template.text({}) == "Hej Kliencie"
    )
    assert Template({"text": "Hej {{ first_name }}!"}).text({}) == "Hej !"
    assert Template({"text": "{{ city | upper }}{% if city %}a{% else %}b{% endif %}"}).text({}) == "b"


@pytest.mark.parametrize(
    "text", ["{{ 'a' * 10 ** 9 }}", "{% for i in range(10 ** 9) %}x{% endfor %}", "{{ x", "{% include 'a' %}"]
)
def test_hostile_templates_fail_fast(text: str) -> None:
    with pytest.raises(RenderFailed):
        Template({"text": text}).encode({})


@pytest.mark.parametrize(
    "text",
    [
        "{{ ['a'] * 100000000 }}",
        "{{ ['}}'] * 100000000 }}",
        "{% raw %}{#{% endraw %}{{ ['a'] * 100000000 }}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
        "{% set ns = namespace(a=1) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a == 1 }}",
        "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ [a]|pprint }}",
        "{% set a = (1, 1) %}" + "{% set a = (a, a) %}" * 60 + "{% if a == [a] %}x{% endif %}",
        "{% set a = 'x'.split(',') %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
        "{% for b in [[x, x]] %}{% for c in [[b, b]] %}{{ c }}{% endfor %}{% endfor %}",
        "{% for b in x recursive %}{{ loop([b, b]) }}{% endfor %}",
        "{% macro twice(a) %}{{ twice([a, a]) }}{% endmacro %}{{ twice(1) }}",
        "{% set a = x|chain(x) %}",
        "{% set a = x|map('chain', x) %}",
        "{{ {'a': {'b': x}} , y * 3 }}",
        "{{ debug() }}",
        "{% set a = x, x %}",
    ],
)
def test_what_fuel_does_not_stop_is_refused_unrendered(text: str) -> None:
    with pytest.raises(RenderFailed, match="not taken"):
        Template({"text": text})


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("*** {{ first_name }} ***", "*** Ala ***"),
        ("{# 2 * 3 #}{{ '2*3' }}{% raw %}{{ 2 * 3 }}{% endraw %}", "2*3{{ 2 * 3 }}"),
        ("{% if city in ['Gdynia', 'Sopot'] %}morze{% endif %}", "morze"),
        ("{% set name = first_name|default('x')|upper %}{{ name }}", "ALA"),
        ("{% for letter in first_name[:2] %}{{ letter }}-{% endfor %}", "A-l-"),
        ("{% for at in range(3) %}{{ at + 1 }}{% endfor %}", "123"),
        ("{%- with shown = city -%} {{ shown }} {%- endwith %}", "Gdynia"),
    ],
)
def test_what_templates_are_for_is_taken(text: str, rendered: str) -> None:
    assert Template({"text": text}).text({"first_name": "Ala", "city": "Gdynia"}) == rendered


def test_a_literal_text_is_no_template() -> None:
    assert Template({"text": "{{ x }}", "literal": True}).text({}) == "{{ x }}"


def test_message_ids_as_text() -> None:
    send_id = new_id()
    raw = {name: str(new_id()) for name in ("batch_id", "account_id")}
    of = Header({**raw, "send_id": str(send_id), "content_hash": "h"}, Lane.BULK).id_of
    assert all(of(number) == str(message_id(send_id, number)) for number in (0, 1, 255, 2**32 - 1))


@pytest.mark.parametrize(
    ("sender", "head"),
    [("+48600100200", b"\x01\x0148600100200"), ("7557", b"\x03\x017557"), ("600100200", b"\x02\x01600100200"),
     ("WiCi", b"\x05\x00WiCi")],
)  # fmt: skip
def test_the_sender_has_its_type_of_number(sender: str, head: bytes) -> None:
    (body,) = Envelope(sender, {}, LongForm.UDH).bodies("+48600100200", Encoded(parts.Encoding.GSM, (b"a",)), 1)
    assert body.startswith(b"\0" + head + b"\0")
