"""Binds of ours to SMSCs of others, npm's smpp and Kannel's drive_smpp: messages, receipts, answers, and an unbind."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from asyncio.subprocess import DEVNULL

import pytest
from foreign_peers import debian_kannel, npm_smpp
from raw_carrier import Part, Work, until

from chassis.testing import free_port
from contracts.vocabulary import MessageState
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.client import Link, LinkSettings
from sms_gateway.smpp.constants import Command
from sms_gateway.smpp.receipts import Inbound, Receipt

COUNT, DRIVEN = 200, 100


class Submit(Part):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        fields: dict[str, smpp.Value] = {
            "source_addr_ton": 5, "source_addr": "Wici", "destination_addr": f"4860010{number:04d}", "data_coding": 8,
            "registered_delivery": 1, "short_message": f"Zażółć {number}".encode("utf-16-be"),
        }  # fmt: skip
        self.body = smpp.encode(smpp.Pdu(Command.SUBMIT_SM, 1, 0, fields))[16:]


def test_an_smsc_of_npm_takes_messages_and_tells_of_them() -> None:
    asyncio.run(speak(npm_smpp("smsc.mjs")))


def test_kannels_drive_smpp_takes_messages_and_what_it_delivers_are_answers() -> None:
    """It knows transmitters and receivers alone, gives no ids, and names a message in what people write."""
    try:
        # Where it finds nobody it ends; the port stands in its source.
        box = socket.create_server(("127.0.0.1", 13_001))
    except OSError:
        pytest.skip("NOT TRIED WITH KANNEL'S drive_smpp: port 13001 is taken")
    with box:
        program, environ = debian_kannel("drive_smpp")
        asyncio.run(drive([program, "-v", "3", "-m", str(DRIVEN)], environ))


async def drive(command: list[str], environ: dict[str, str]) -> None:
    port = free_port()
    smsc = await asyncio.create_subprocess_exec(
        *command, "-p", str(port), env={**os.environ, **environ}, stdout=DEVNULL, stderr=DEVNULL
    )
    work, heard = Work(0), Work(0)
    work.queue.extend(Submit(number) for number in range(COUNT))
    links = [
        Link(LinkSettings("127.0.0.1", port, "foo", "bar", kind=kind, window=20), of)
        for kind, of in (("receiver", heard), ("transmitter", work))
    ]
    try:
        for link in links:
            link.start()
        await until(lambda: len(work.answers) == COUNT and len(heard.received) == DRIVEN, 60)
    finally:
        for link in links:
            await link.stop(2.0)
        if smsc.returncode is None:
            smsc.kill()
        await smsc.wait()
    assert {status for _, status, _ in work.answers} == {0}
    assert [type(each) for each in heard.received] == [Inbound] * DRIVEN


async def speak(command: list[str]) -> None:
    smsc = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert smsc.stdout is not None
    work = Work(0)
    work.queue.extend(Submit(number) for number in range(COUNT))
    link = Link(LinkSettings("127.0.0.1", int(await smsc.stdout.readline()), "wici", "secret", window=20), work)
    link.start()
    try:
        taken = [json.loads(await asyncio.wait_for(smsc.stdout.readline(), 20)) for _ in range(COUNT)]
        await until(lambda: len(work.received) == COUNT + 1, 20)
    finally:
        await link.stop(2.0)
        smsc.kill()
        await smsc.wait()
    assert sorted(taken) == [[f"4860010{number:04d}", f"Zażółć {number}"] for number in range(COUNT)]
    assert {status for _, status, _ in work.answers} == {0}
    receipts = [each for each in work.received if isinstance(each, Receipt)]
    assert {each.carrier_message_id for each in receipts} == {name for _, _, name in work.answers}
    assert {each.state for each in receipts} == {MessageState.DELIVERED}
    (answer,) = [each for each in work.received if isinstance(each, Inbound)]
    assert (answer.destination, answer.source) == ("7300", taken[0][0])
