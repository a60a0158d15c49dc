"""Whether mail programs of others can hand in mail by SMTP: each by STARTTLS (587) and by TLS (465), and with a wrong password.

    python bench/mail_clients.py

Tried are smtplib, swaks, msmtp, nodemailer (npm; `NODE_PATH` says where) and Postfix's smtp-source, which knows neither
TLS nor passwords and must be refused. What is not installed is said loudly and left out. A mail counts when exactly
one message of it is in the ledger, and its text is in what is kept as it was, but for line ends after it. Ends with 1 where a
program fails. Needs what `partners_mail.py` needs.
"""

from __future__ import annotations

import email
import os
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from email import policy

from email_outbound import DOMAIN
from partners_mail import Submission, connected, submission
from sqlalchemy import text

SENDER = f"a@{DOMAIN}"
TEXT = "Zażółć gęślą jaźń.\r\n.kropka na początku\r\n..dwie\r\nkoniec\r\n"
SECONDS = 60
NODEMAILER = """
const [port, secure, user, pass, from, to, subject, text] = process.argv.slice(1);
require("nodemailer").createTransport({
  host: "127.0.0.1", port: +port, secure: secure === "1", requireTLS: true, auth: {user, pass},
  tls: {rejectUnauthorized: false},
}).sendMail({from, to, subject, text, textEncoding: "base64"}).then(() => {}, (error) => {
  console.error(error.message); process.exit(1);
});
"""


@dataclass(frozen=True)
class Errand:
    """One mail to hand in."""

    port: int
    is_tls: bool  # from the first octet
    username: str
    password: str
    recipient: str

    @property
    def mail(self) -> str:
        head = f"From: {SENDER}\r\nTo: {self.recipient}\r\nSubject: {self.recipient}\r\nMIME-Version: 1.0\r\n"
        return f"{head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{TEXT}"


def by_smtplib(errand: Errand) -> bool:
    context = ssl._create_unverified_context()  # a certificate of development
    try:
        if errand.is_tls:
            client: smtplib.SMTP = smtplib.SMTP_SSL("127.0.0.1", errand.port, context=context, timeout=SECONDS)
        else:
            client = smtplib.SMTP("127.0.0.1", errand.port, timeout=SECONDS)
            client.starttls(context=context)
        with client:
            client.login(errand.username, errand.password)
            client.sendmail(SENDER, [errand.recipient], errand.mail.encode(), mail_options=["BODY=8BITMIME"])
    except smtplib.SMTPException:
        return False
    return True


def by_swaks(errand: Errand) -> bool:
    return _runs(
        ["swaks", "--server", "127.0.0.1", "--port", str(errand.port), "--from", SENDER, "--to", errand.recipient,
         "--tls-on-connect" if errand.is_tls else "--tls", "--auth", "PLAIN", "--auth-user", errand.username,
         "--auth-password", errand.password, "--data", "-"],
        errand.mail.replace("\r\n", "\n"),
    )  # fmt: skip


def by_msmtp(errand: Errand) -> bool:
    return _runs(
        ["msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={errand.port}", "--tls=on", "--tls-certcheck=off",
         f"--tls-starttls={'off' if errand.is_tls else 'on'}", "--auth=plain", f"--user={errand.username}",
         f"--passwordeval=echo {errand.password}", f"--from={SENDER}", errand.recipient],
        errand.mail.replace("\r\n", "\n"),
    )  # fmt: skip


def by_nodemailer(errand: Errand) -> bool:
    return _runs(
        ["node", "-e", NODEMAILER, str(errand.port), "1" if errand.is_tls else "0", errand.username, errand.password,
         SENDER, errand.recipient, errand.recipient, TEXT],
        "",
    )  # fmt: skip


def by_smtp_source(errand: Errand) -> bool:
    return _runs(["smtp-source", "-m", "1", "-f", SENDER, "-t", errand.recipient, f"inet:127.0.0.1:{errand.port}"], "")


def _runs(command: list[str], given: str) -> bool:
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            command, input=given.encode(), capture_output=True, timeout=SECONDS, env={**os.environ, "HOME": home},
            check=False,
        )  # fmt: skip
    if done.returncode:
        print("    ", command[0], "said:", (done.stderr or done.stdout).decode(errors="replace").strip()[-300:])
    return done.returncode == 0


def has_nodemailer() -> bool:
    is_there = shutil.which("node") and subprocess.run(
        ["node", "-e", 'require("nodemailer")'], capture_output=True, check=False
    )
    return bool(is_there) and is_there.returncode == 0  # type: ignore[union-attr]


Client = Callable[[Errand], bool]
CLIENTS: dict[str, tuple[Client, Callable[[], object]]] = {
    "smtplib": (by_smtplib, lambda: True),
    "swaks": (by_swaks, lambda: shutil.which("swaks")),
    "msmtp": (by_msmtp, lambda: shutil.which("msmtp")),
    "nodemailer": (by_nodemailer, has_nodemailer),
}


def main() -> None:
    failures = 0
    with ExitStack() as stack:
        to = submission(stack)
        connected(to.tls_port).close()
        for name, (client, is_here) in CLIENTS.items():
            if not is_here():
                print(f"!!! {name}: NOT TRIED, it is not installed")
                continue
            for port in (to.port, to.tls_port):
                failures += not is_right(to, name, client, port)
        if shutil.which("smtp-source"):
            errand = Errand(to.port, False, "", "", "smtp-source@poczta.example")
            refused = not by_smtp_source(errand) and kept(to, errand) == (0, False)
            failures += not refused
            print(f"{'ok ' if refused else 'BAD'} smtp-source: without TLS and a password it is refused")
        else:
            print("!!! smtp-source: NOT TRIED, it is not installed")
    sys.exit(1 if failures else 0)


def is_right(to: Submission, name: str, client: Client, port: int) -> bool:
    is_tls = port == to.tls_port
    word = "TLS" if is_tls else "STARTTLS"
    errand = Errand(port, is_tls, to.username, to.password, f"{name}-{word.lower()}@poczta.example")
    stranger = Errand(port, is_tls, to.username, "wrong", f"stranger-{name}-{word.lower()}@poczta.example")
    to.lease()
    took, stored, let_in = client(errand), kept(to, errand), client(stranger)
    right = took and stored == (1, True) and not let_in and kept(to, stranger) == (0, False)
    print(
        f"{'ok ' if right else 'BAD'} {name}, {word}: accepted {took}, messages {stored[0]}, text as it was"
        f" {stored[1]}; with a wrong password accepted {let_in}"
    )
    return right


def kept(to: Submission, errand: Errand) -> tuple[int, bool]:
    """How many messages there are to the recipient, and whether the text is in what is kept, as it was."""
    with to.database.transaction() as session:
        messages = session.scalar(
            text("SELECT count(*) FROM ledger WHERE address = :address"), {"address": errand.recipient}
        )
        blobs = session.scalars(text("SELECT octets FROM blobs")).all()
    ours = [bytes(each) for each in blobs if f"Subject: {errand.recipient}".encode() in bytes(each)]
    return messages or 0, len(ours) == 1 and _text_of(ours[0]).rstrip("\r\n") == TEXT.rstrip("\r\n")


def _text_of(octets: bytes) -> str:
    """The text of a mail of one part."""
    payload = email.message_from_bytes(octets, policy=policy.SMTP).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


if __name__ == "__main__":
    main()
