"""The simulated carrier, bound to by a foreign client (smpplib), over real sockets."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Running:
    def __init__(self, *arguments: str) -> None:
        self.port, self.http_port = free_port(), free_port()
        command = [
            sys.executable,
            "-m",
            "wici_simulators.smsc",
            "--port",
            str(self.port),
            "--http-port",
            str(self.http_port),
        ]
        self.process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], text=True
        )
        assert self.process.stdout is not None
        assert "SMSC on" in self.process.stdout.readline()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=5) as answer:
            return json.load(answer)

    def post(self, path: str, value: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}{path}", json.dumps(value).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(5)


@pytest.fixture
def smsc() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def start(*arguments: str, **settings: Any) -> Running:
        running.append(Running("--settings", json.dumps({"receipt_delay": 0.05, **settings}), *arguments))
        return running[-1]

    yield start
    for each in running:
        each.stop()


class Client:
    """smpplib, transceiver."""

    def __init__(self, port: int, password: str = "secret") -> None:
        self.receipts: list[Any] = []
        self.answers: list[Any] = []
        self._client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=5)
        self._client.set_message_received_handler(lambda pdu, **_: self.receipts.append(pdu) or 0)
        self._client.set_message_sent_handler(lambda pdu, **_: self.answers.append(pdu))
        self._client.set_error_pdu_handler(lambda pdu: None)  # refusals are answers, too
        self._client.connect()
        self._client.bind_transceiver(system_id="foreign", password=password)

    def submit(self, number: str, text: str) -> None:
        parts, coding, message_type = smpplib.gsm.make_parts(text)
        for part in parts:
            self._client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM, source_addr="Wici",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL, destination_addr=number,
                short_message=part, data_coding=coding, esm_class=message_type, registered_delivery=True,
            )  # fmt: skip

    def read(self, until: Callable[[], bool]) -> None:
        ends = time.monotonic() + 5
        while not until() and time.monotonic() < ends:
            self._client.read_once(auto_send_enquire_link=False)
        assert until()

    def close(self) -> None:
        self._client.unbind()
        self._client.disconnect()


def test_a_foreign_client_sends_and_gets_receipts_in_both_forms(smsc: Callable[..., Running]) -> None:
    running = smsc(tlv_share=0.5, undelivered_share=0.1)
    client = Client(running.port)
    client.submit("48600900500", "Hello")  # text form: the digits before the last three are 900
    client.submit("48600100500", "Hello")  # parameter form
    client.submit("48600900050", "Hello")  # undelivered: below 0.1

    client.read(lambda: len(client.answers) == 3 and len(client.receipts) == 3)

    by_phone = {receipt.source_addr.decode(): receipt for receipt in client.receipts}
    ids = [answer.message_id.decode() for answer in client.answers]
    assert f"id:{ids[0]}".encode() in by_phone["48600900500"].short_message
    assert b"stat:DELIVRD err:000" in by_phone["48600900500"].short_message
    assert by_phone["48600100500"].receipted_message_id.decode().rstrip("\0") == ids[1]
    assert by_phone["48600100500"].message_state == 2
    assert b"stat:UNDELIV err:027" in by_phone["48600900050"].short_message
    client.close()
    counts = running.get("/counts")
    assert (counts["submitted"], counts["receipts_taken"]) == (3, 3)


def test_long_messages_are_joined(smsc: Callable[..., Running]) -> None:
    running = smsc()
    client = Client(running.port)
    polish = "Zażółć gęślą jaźń. " * 12
    latin = "Price 100 zl net. " * 30  # no escapes: smpplib tears them between parts
    client.submit("48600100200", polish)
    client.submit("48600100300", latin)
    client.read(lambda: len(client.receipts) == len(client.answers) > 5)

    assert [(m["to"], m["text"], m["complete"]) for m in running.get("/whole")["items"]] == [
        ("+48600100200", polish, True),
        ("+48600100300", latin, True),
    ]
    client.close()


def test_rejections_follow_the_number(smsc: Callable[..., Running]) -> None:
    running = smsc(rejected_share=0.01)
    client = Client(running.port)
    client.submit("48600100009", "Hello")
    client.submit("48600100010", "Hello")
    client.read(lambda: len(client.receipts) == 1)

    assert [m["state"] for m in running.get("/messages")["items"]] == ["rejected", "delivered"]
    client.close()


def test_receipts_wait_for_a_receiver_and_come_again_when_unanswered(smsc: Callable[..., Running]) -> None:
    running = smsc(receipt_delay=0.3)
    first = Client(running.port)
    first.submit("48600100500", "Hello")
    first.read(lambda: len(first.answers) == 1)
    first.close()
    assert running.get("/counts")["receipts_taken"] == 0

    second = Client(running.port)
    second.read(lambda: len(second.receipts) == 1)
    assert second.receipts[0].receipted_message_id or second.receipts[0].short_message
    second.close()
    assert running.get("/counts")["receipts_taken"] == 1


def test_a_wrong_password_is_refused(smsc: Callable[..., Running]) -> None:
    running = smsc("--password", "right")
    with pytest.raises(smpplib.exceptions.PDUError):
        Client(running.port, "wrong")


def test_rate_is_kept_by_throttling(smsc: Callable[..., Running]) -> None:
    running = smsc(rate=5, receipts=False)
    client = Client(running.port)
    for number in range(12):
        client.submit(f"486001005{number:02d}", "Hello")
    client.read(lambda: running.get("/counts")["throttled"] + running.get("/counts")["submitted"] == 12)
    assert running.get("/counts")["throttled"] >= 2
    client.close()


def test_settings_are_checked(smsc: Callable[..., Running]) -> None:
    running = smsc()
    assert running.post("/settings", {"rejected_share": 0.5})["rejected_share"] == 0.5
    for wrong in ({"no_such": 1}, {"rate": "many"}, {"rate": -1}, ["rate"]):
        with pytest.raises(urllib.error.HTTPError) as caught:
            running.post("/settings", wrong)
        assert caught.value.code == 422
    running.post("/reset", {})


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n" * 3, b"\0" * 64, b"\xff" * 64, b"\0\0\0\x10\0\0\0\x04" + bytes(8)]
)
def test_noise_ends_or_is_answered_and_harms_nobody(smsc: Callable[..., Running], noise: bytes) -> None:
    running = smsc()
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as stranger:
        stranger.sendall(noise)
        stranger.recv(100)
    client = Client(running.port)
    client.submit("48600100500", "Hello")
    client.read(lambda: len(client.receipts) == 1)
    client.close()
