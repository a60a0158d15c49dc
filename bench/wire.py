"""What our own SMPP, SMTP, DKIM and MIME code costs beside the libraries that do the same, in CPU time of one core.

    python bench/wire.py [--messages 3000]

The reason for own code is in `docs/decisions/0025`; when a line here says a factor near one, that reason is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from uuid import UUID

import dkim as dkimpy
import smpplib.command
import smpplib.consts
import smpplib.smpp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from chassis.testing import free_port
from email_gateway.content import dkim, mime
from email_gateway.content.compose import Composer, Links
from email_gateway.content.prepare import Kind, prepare
from email_gateway.smtp.destinations import Destination, Limits, Parcel
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.peers import Peer, Tls
from email_gateway.smtp.pool import Pool
from sms_gateway.smpp.constants import Command
from sms_gateway.smpp.pdu import Pdu, decode, encode

TEXT = b"Czesc Zofia! Rabat A0000001 tylko dzis w Gdyni. Wici"
HTML = "<html><body>" + '<tr><td style="padding:8px">Nowa kolekcja już w sklepie, dziś taniej</td></tr>\n' * 150
HEADERS = [(b"From", b"a@example.com"), (b"To", b"b@example.com"), (b"Subject", b"Hej"), (b"Message-ID", b"<1@x>")]


class Sequence:
    """What smpplib wants to be told numbers by."""

    sequence = 0

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


def per_second(work: Callable[[], object], seconds: float = 1.0) -> float:
    """Times a second of CPU."""
    count, started = 0, time.process_time()
    while (used := time.process_time() - started) < seconds:
        work()
        count += 1
    return count / used


def show(what: str, ours: float, peer: str, theirs: float, limit: str = "", most: float = 0.0) -> None:
    line = f"{what:<34} ours {ours:>10,.0f}/s   {peer} {theirs:>10,.0f}/s   ours : {peer} = {ours / theirs:.1f}"
    print(line + (f"   ours : {limit} = {ours / most:.2f}" if most else ""), flush=True)


def smpp() -> None:
    """Encode a submit_sm, decode it again."""
    address = {"source_addr": "Wici", "destination_addr": "48600100200"}

    def ours() -> None:
        decode(encode(Pdu(Command.SUBMIT_SM, 7, 0, {**address, "short_message": TEXT})))

    numbers = Sequence()

    def theirs() -> None:
        pdu = smpplib.smpp.make_pdu("submit_sm", client=numbers, **address, short_message=TEXT)
        smpplib.smpp.parse_pdu(pdu.generate(), client=numbers, allow_unknown_opt_params=True)

    show("SMPP submit_sm there and back", per_second(ours), "smpplib", per_second(theirs))


def signatures() -> None:
    """RSA-2048, relaxed/simple, over 10 KB."""
    key = dkim.new_private_key("rsa")
    signer = dkim.load_signer("example.com", "s", key)
    body = HTML.encode()[:10_000] + b"\r\n"
    message = b"".join(name + b": " + value + b"\r\n" for name, value in HEADERS) + b"\r\n" + body
    pem = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    ours = per_second(lambda: signer.sign(dkim.select(HEADERS), dkim.body_hash(body), 1))
    theirs = per_second(
        lambda: dkimpy.sign(message, b"s", b"example.com", pem, canonicalize=(b"relaxed", b"simple")), 2.0
    )
    digest = hashlib.sha256(body).digest()
    bare = per_second(lambda: signer.key.sign(digest, padding.PKCS1v15(), hashes.SHA256()))  # type: ignore[call-arg,arg-type]
    show("DKIM RSA-2048 of 10 KB", ours, "dkimpy", theirs, "bare RSA", bare)


def composing() -> None:
    """One recipient's message of text and HTML, from fields to bytes, unsigned."""
    content = {"from_email": "n@sklep.example", "from_name": "Sklep Łąka", "subject": "{{ first_name }}, hej"}
    prepared = prepare({**content, "html": HTML, "text": "Cześć {{ first_name }}!"}, Kind.TRANSACTIONAL, UUID(int=1))
    assert prepared.document is not None, prepared.problems
    composer = Composer(
        prepared.document,
        signers=[],
        return_path="b.example",
        links=Links(public_url="http://x", key=b"k", return_path_key=b"r"),
    )

    def ours() -> None:
        composer.compose(
            message_id=UUID(int=7), address="osoba@poczta.example", fields={"first_name": "Łucja"}, campaign_id=None,
            contact_id=UUID(int=3), at=1_790_000_000,
        )  # fmt: skip

    def theirs() -> None:
        message = EmailMessage()
        message["From"], message["To"] = "Sklep Łąka <n@sklep.example>", "osoba@poczta.example"
        message["Subject"], message["Date"] = "Łucja, hej", mime.date(1_790_000_000).decode().strip()
        message.set_content("Cześć Łucja!")
        message.add_alternative(HTML, subtype="html")
        message.as_bytes()

    show("MIME of a 14 KB newsletter", per_second(ours), "email.message", per_second(theirs))


def sending(count: int) -> None:
    """Messages of 10 KB over one connection to the simulated mailboxes; the client's CPU."""
    port, http = free_port(), free_port()
    command = [sys.executable, "-m", "wici_simulators.mailbox", "--port", str(port), "--http-port", str(http)]
    simulator = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    body = b"Subject: x\r\n\r\n" + (b"0123456789abcdef" * 4 + b"\r\n") * 150
    try:
        wait_for(port)
        started = time.process_time()
        asyncio.run(deliver(port, body, count))
        ours = count / (time.process_time() - started)
        with smtplib.SMTP("127.0.0.1", port) as client:
            started = time.process_time()
            for number in range(count):
                with suppress(smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):  # a box may be full
                    client.sendmail("s@x.pl", [f"u{number}@poczta.example"], body)
            theirs = count / (time.process_time() - started)
    finally:
        simulator.terminate()
        simulator.wait(10)
    show("SMTP, 10 KB, one connection", ours, "smtplib", theirs)


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            smtplib.SMTP("127.0.0.1", port).quit()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("the mailboxes do not answer")


async def deliver(port: int, body: bytes, count: int) -> None:
    left, done = count, asyncio.Event()

    def on_done(_parcel: Parcel, outcome: Outcome) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    async def peers() -> list[Peer]:
        return [Peer("127.0.0.1", port, Tls.OFF)]

    pool = Pool(lambda _domain, _source: ("only", lambda: Destination(peers, Limits(connections=1), patient=False)))
    pool.start()
    addresses = (f"u{number}@poczta.example" for number in range(count))
    pool.submit([Parcel(UUID(int=at), "s@x.pl", one, body, False, on_done) for at, one in enumerate(addresses)])
    await done.wait()
    await pool.close(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=3_000)
    options = parser.parse_args()
    smpp()
    signatures()
    composing()
    sending(options.messages)


if __name__ == "__main__":
    main()
