"""Peers that misbehave (docs/smpp-peers.md): what each finds, and that others never notice."""

from __future__ import annotations

import random
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from smpp_partners import Partner, Running, asked_by, binds, bound
from smpp_peer import Peer, submit_fields
from tls_peer import Identity, identity

from chassis.database import Database
from chassis.testing import RunningProcess, free_port, wait_until
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import HEADER_SIZE, Command, Status
from sms_gateway.smpp.pdu import Pdu
from sms_gateway.usecases import smpp_accounts

PER_ADDRESS = 12


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    own = identity("localhost")
    path.write_text(own.key + own.certificate)
    return path


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(start: Callable[..., Running], certificate: Path, tls_port: int) -> Running:
    return start(
        WICI_SMPP_TLS_PORT=str(tls_port), SMPP_TLS_CERTIFICATE=str(certificate), SMPP_SESSION_INIT_SECONDS="4",
        SMPP_ENQUIRE_LINK_SECONDS="1", SMPP_RESPONSE_SECONDS="3", SMPP_CONNECTIONS_PER_ADDRESS=str(PER_ADDRESS),
    )  # fmt: skip


@pytest.fixture
def made(partner: Any) -> Partner:
    return partner(window=1000)  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def others_are_served(server: Running, partner: Any) -> Iterator[None]:
    """After whatever a test did, a partner who does nothing wrong is answered."""
    yield
    with bound(server, partner()) as peer:
        assert peer.submit().status == Status.OK


def header(length: int, command: int, sequence: int = 1) -> bytes:
    return smpp.pack_header(length, command, 0, sequence)


def bind_of(made: Partner, sequence: int = 1) -> bytes:
    fields: dict[str, Any] = {"system_id": made.system_id, "password": made.password}
    return smpp.encode(Pdu(Command.BIND_TRANSCEIVER, sequence, 0, fields))


def submit_of(sequence: int, **fields: Any) -> bytes:
    return smpp.encode(Pdu(Command.SUBMIT_SM, sequence, 0, submit_fields(**fields)))


def test_who_says_nothing_is_not_waited_for(server: Running) -> None:
    with Peer(server.port) as peer:
        assert peer.has_ended()


def test_bytes_may_be_split_and_joined_anywhere(server: Running, made: Partner) -> None:
    enquiry = header(HEADER_SIZE, Command.ENQUIRE_LINK, 77)
    with Peer(server.port) as peer:
        for octet in bind_of(made) + submit_of(2):
            peer.write(bytes((octet,)))
        assert peer.wait_for(Command.BIND_TRANSCEIVER_RESP).status == Status.OK
        assert peer.wait_for(Command.SUBMIT_SM_RESP, 2).status == Status.OK
        peer.write(enquiry + submit_of(3) + submit_of(4) + enquiry[:7])
        peer.write(enquiry[7:])
        assert {peer.wait_for(Command.SUBMIT_SM_RESP).sequence for _ in range(2)} == {3, 4}
        assert [peer.wait_for(Command.ENQUIRE_LINK_RESP).sequence for _ in range(2)] == [77, 77]


def test_messages_may_follow_a_bind_that_is_not_answered_yet(server: Running, made: Partner) -> None:
    with Peer(server.port) as peer:
        peer.write(bind_of(made) + b"".join(submit_of(number) for number in range(2, 22)))
        assert peer.wait_for(Command.BIND_TRANSCEIVER_RESP).status == Status.OK
        assert {peer.wait_for(Command.SUBMIT_SM_RESP).status for _ in range(20)} == {Status.OK}


@pytest.mark.parametrize("length", [0, 15, 600, 128 * 1024 + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_ends_the_connection(server: Running, length: int) -> None:
    with Peer(server.port) as peer:
        peer.write(header(length, Command.BIND_TRANSCEIVER))
        assert peer.wait_for(Command.GENERIC_NACK).status == Status.INVALID_COMMAND_LENGTH
        assert peer.has_ended()


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
)
def test_another_protocol_is_not_spoken(server: Running, tls_port: int, said: bytes) -> None:
    with Peer(server.port) as peer:
        peer.write(said)
        assert peer.wait_for(Command.GENERIC_NACK).status == Status.INVALID_COMMAND_LENGTH
        assert peer.has_ended()
    with socket.create_connection(("127.0.0.1", tls_port), 20) as plain:
        plain.sendall(b"\0" * 64)
        try:
            while plain.recv(1024):
                pass
        except ConnectionError:
            pass


def test_what_is_no_request_of_an_esme_is_refused_by_itself(server: Running, made: Partner) -> None:
    with bound(server, made) as peer:
        for command in (0x99, Command.OUTBIND, Command.ALERT_NOTIFICATION, Command.DELIVER_SM, 0x7FFFFFFF):
            peer.write(header(HEADER_SIZE, command, 9))
            assert peer.wait_for(Command.GENERIC_NACK, 9).status == Status.INVALID_COMMAND_ID
        for response in (Command.SUBMIT_SM_RESP, Command.DELIVER_SM_RESP, 0x80000099, Command.GENERIC_NACK):
            peer.write(header(HEADER_SIZE, response, 9))
        assert peer.submit().status == Status.OK


def test_a_hundred_faults_in_a_row_are_enough(server: Running, made: Partner) -> None:
    with bound(server, made) as peer:
        peer.write(header(HEADER_SIZE, 0x99) * 150)
        assert peer.has_ended()


def test_the_state_of_a_bind_is_kept_to(server: Running, made: Partner) -> None:
    with Peer(server.port) as peer:
        assert peer.submit().status == Status.INVALID_BIND_STATUS
        assert peer.bind(made.system_id, made.password, "receiver") == Status.OK
        assert peer.submit().status == Status.INVALID_BIND_STATUS
        assert peer.bind(made.system_id, made.password, "transmitter") == Status.ALREADY_BOUND


BROKEN = {
    "service_type": (b"toolong\0", Status.INVALID_SERVICE_TYPE),
    "source_addr": (b"\0\x05\0" + b"x" * 30 + b"\0", Status.INVALID_SOURCE),
    "destination_addr": (b"\0\x05\0Wici\0\x01\x01" + b"4" * 30 + b"\0", Status.INVALID_DESTINATION),
    "cut short": (b"\0\x05\0Wici\0\x01\x0148600100200\0\0\0", Status.INVALID_MESSAGE_LENGTH),
    "short_message": (b"\0\5\0Wici\0\1\x0148600100200" + bytes(10) + b"\xffx", Status.INVALID_MESSAGE_LENGTH),
    "parameter": (submit_of(1)[16:] + b"\x04\x24\xff\xff", Status.INVALID_PARAMETER_STREAM),
}  # fmt: skip


def test_a_broken_body_is_answered_and_the_connection_goes_on(server: Running, made: Partner) -> None:
    with bound(server, made) as peer:
        for number, (body, status) in enumerate(BROKEN.values(), 100):
            peer.write(header(HEADER_SIZE + len(body), Command.SUBMIT_SM, number) + body)
            assert peer.wait_for(Command.SUBMIT_SM_RESP, number).status == status
        assert peer.submit().status == Status.OK


def test_any_sequence_number_comes_back(server: Running, made: Partner) -> None:
    with bound(server, made) as peer:
        for number in (0, 5, 5, 0x7FFFFFFF, 0xFFFFFFFF):
            peer.write(submit_of(number))
            assert peer.wait_for(Command.SUBMIT_SM_RESP).sequence == number


def test_who_guesses_learns_nothing_and_locks_nobody_out(server: Running, made: Partner) -> None:
    with bound(server, made):  # its password is known from now on
        with Peer(server.port) as peer:
            statuses = [peer.bind(name, "guess") for name in (made.system_id, "nobody", made.system_id)]
        with bound(server, made) as again:
            assert again.submit().status == Status.OK
    assert set(statuses) == {Status.BIND_FAILED}


def test_who_does_not_answer_an_enquiry_is_gone(server: Running, made: Partner) -> None:
    with bound(server, made) as peer:
        while peer.read() is not None:
            pass


def test_who_reads_nothing_is_read_no_more_and_ended(server: Running, made: Partner) -> None:
    before = resident(server.process)
    with bound(server, made) as peer:
        flood = header(HEADER_SIZE, Command.ENQUIRE_LINK) * 4096
        peer.socket.settimeout(20)
        with pytest.raises(OSError):
            for _ in range(2_000):  # 128 MiB, were it taken
                peer.write(flood)
    assert resident(server.process) - before < 32 * 1024


def resident(process: RunningProcess) -> int:
    """KiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1])


def test_unbind_comes_after_the_answers(server: Running, made: Partner) -> None:
    with bound(server, made) as peer:
        peer.write(b"".join(submit_of(number) for number in range(50)) + header(HEADER_SIZE, Command.UNBIND, 99))
        answers = []
        while (pdu := peer.read()) is not None:
            answers.append((pdu.command, pdu.status))
    assert answers == [(Command.SUBMIT_SM_RESP, 0)] * 50 + [(Command.UNBIND_RESP, 0)]


def test_an_address_has_so_many_connections_and_no_more(server: Running) -> None:
    peers = [Peer(server.port) for _ in range(PER_ADDRESS + 3)]
    try:
        assert peers[-1].has_ended()
    finally:
        for peer in peers:
            peer.socket.close()


def test_tls_follows_the_files(
    server: Running, certificate: Path, tls_port: int, made: Partner, tmp_path: Path
) -> None:
    def seen_by(path: Path) -> bool:
        context = ssl.create_default_context(cafile=str(path))
        try:
            with Peer(tls_port, context) as peer:
                return peer.bind(made.system_id, made.password) == Status.OK
        except ssl.SSLError:
            return False

    first = tmp_path / "first.pem"
    first.write_text(certificate.read_text())
    assert seen_by(first)
    other = identity("localhost")
    certificate.write_text("half of a")
    certificate.write_text(other.key + other.certificate)
    wait_until(lambda: seen_by(certificate), what="the new certificate")
    assert not seen_by(first)


def test_a_partner_that_names_its_certificate_binds_with_it_alone(
    server: Running, tls_port: int, base: Database, partner: Callable[..., Partner], tmp_path: Path
) -> None:
    own, anothers, strangers = (identity(name) for name in ("own", "anothers", "strangers"))
    made = partner(client_certificates=own.certificate)
    other = partner(client_certificates=anothers.certificate)
    without = partner()

    def shows(shown: Identity | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if shown is not None:
            path = tmp_path / f"{shown.sha256}.pem"
            path.write_text(shown.key + shown.certificate)
            context.load_cert_chain(path)
        return context

    def status(port: int, of: Partner, context: ssl.SSLContext | None) -> int | None:
        with Peer(port, context) as peer:
            return peer.bind(of.system_id, of.password)

    def is_trusted(of: Partner, shown: Identity) -> bool:
        """Until the server has read a partner's certificate it ends such a handshake."""
        try:
            return status(tls_port, of, shows(shown)) == Status.OK
        except (OSError, AssertionError):
            return False

    assert status(tls_port, without, shows(None)) == Status.OK
    wait_until(lambda: is_trusted(made, own), what="a bind with the certificate")
    wait_until(lambda: is_trusted(other, anothers), what="a bind with the other's certificate")
    assert status(server.port, made, None) == Status.BIND_FAILED
    assert status(tls_port, made, shows(None)) == Status.BIND_FAILED
    assert status(tls_port, made, shows(anothers)) == Status.BIND_FAILED
    wait_until(lambda: binds(base, made)["last_refused"] is not None, what="that its owner is told")
    assert binds(base, made)["last_refused"]["reason"] == "certificate"
    with pytest.raises((OSError, AssertionError)):
        status(tls_port, made, shows(strangers))
    assert status(tls_port, without, shows(None)) == Status.OK

    with Peer(tls_port, shows(own)) as peer:
        assert peer.bind(made.system_id, made.password) == Status.OK
        with base.transaction() as session:
            smpp_accounts.update_smpp_account(
                session, **asked_by(made.account_id), smpp_account_id=made.id, client_certificates=anothers.certificate
            )
        with suppress(OSError):  # TLS without a last word
            assert peer.has_ended()


def test_random_bytes_neither_hang_nor_grow_it(server: Running, made: Partner) -> None:
    rng = random.Random(34)
    before = resident(server.process)
    for turn in range(60):
        with Peer(server.port) as peer:
            if turn % 2:
                peer.bind(made.system_id, made.password)
            try:
                for _ in range(20):
                    peer.write(nonsense(rng))
            except OSError:
                pass
    assert resident(server.process) - before < 32 * 1024
    assert "Traceback" not in server.process.log.read_text() and '"exception"' not in server.process.log.read_text()


def nonsense(rng: random.Random) -> bytes:
    """A PDU that is right in its frame and wrong within, or a right one with some octets changed."""
    if rng.random() < 0.5:
        body = rng.randbytes(rng.randrange(80))
        command = rng.choice([*Command, rng.getrandbits(32)])
        return header(HEADER_SIZE + len(body), int(command), rng.getrandbits(31)) + body
    whole = bytearray(submit_of(rng.getrandbits(31)))
    for _ in range(rng.randrange(1, 6)):
        whole[rng.randrange(4, len(whole))] = rng.randrange(256)
    return bytes(whole)
