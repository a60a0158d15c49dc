"""What spam filters of others say of the templates that ship with Wici, sent as they are: score and rules of each.

    python bench/spam_verdicts.py [--language pl] [--keep FOLDER]

Asked are SpamAssassin (`spamassassin`) and rspamd (`rspamd`), as Debian packages them; what is not installed is
said loudly and left out. Both are asked without the network, so what they say is of our octets alone. Rules that only say that
they could not ask, or that our documentation's addresses are nobody's, stand in `OF_THE_PLACE`, those that we know and leave in
`EXPLAINED`. Each mail comes as a
receiver has it: DKIM-signed, with the Received and Return-Path that our delivery leads to, List-Unsubscribe, recorded
links and a pixel; order states and codes as single e-mails, all others as campaigns. Then both filters are asked as the product
asks them for a content check (`EMAIL_SPAM_FILTER`): of each mail, and of one that every filter calls spam. Ends with 1 where a
mail has points, or the product hears something else than what the filter says.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.utils import formatdate
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import UUID

from campaigns import ready_made
from chassis.ids import new_id
from chassis.testing import free_port
from contracts.ids import message_id
from email_gateway.content import dkim
from email_gateway.content.compose import Composer, Links
from email_gateway.content.prepare import Kind, prepare
from email_gateway.spam_filters import judge_at

DOMAIN, RECIPIENT = "sklep.example", "jan.kowalski@poczta.example"
SINGLE = ("order_state", "one_time_code")
# What every filter calls spam (https://spamassassin.apache.org/gtube/).
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
FIELDS = {
    "cart_url": f"https://{DOMAIN}/koszyk", "discount_code": "LATO10", "old_price": 49, "price": 39, "total": 78,
    "product_url": f"https://{DOMAIN}/p/7", "order_number": "1234", "tracking_url": f"https://{DOMAIN}/z/1234",
    "delivery_date": "2026-12-03", "code": "482913", "minutes": 10,
}  # fmt: skip
WORDS = {
    "pl": {"shop": "Sklep Łąka", "first_name": "Łucja", "product": "Filiżanka", "order_state": "wysłane"},
    "en": {"shop": "Meadow Shop", "first_name": "Lucy", "product": "Cup", "order_state": "sent"},
}
OF_THE_PLACE = re.compile(
    # SpamAssassin without DNS and mail of a domain that is in none
    r"NO_RELAYS|NO_RECEIVED|DKIM_INVALID|T_DKIM|DKIM_SIGNED|T_SPF|SPF_|HELO_|RDNS_|BAYES_|URIBL_|RCVD_IN_|RCVD_VIA"
    r"|RCVD_ILLEGAL_IP|T_SCC_|DMARC_|TVD_"
    # rspamd, the same
    r"|R_DKIM|DKIM_|R_SPF|DMARC|ARC_|RECEIVED_|RCVD_|HFILTER_|ASN|MX_|DBL|RBL|SURBL|URIBL|NEURAL|ONCE_RECEIVED|R_DNS"
    r"|DIRECT_TO_MX|FROM_NAME_|TO_DN_|IP_|R_NO_|AUTH_NA"
)

EXPLAINED = {
    "URI_COUNT_ODD": "links, with the pixel, are an odd number: so are half of all mails, and a client's own links decide",
    "FORGED_SENDER": "the return path is one for each message (VERP), at a subdomain of From's domain: bounces are matched by it",
    "MANY_INVISIBLE_PARTS": "the preheader, which is hidden",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--language", choices=ready_made.LANGUAGES)
    parser.add_argument("--keep", type=Path, help="write the mails here")
    options = parser.parse_args()
    all_channels = ready_made.fitting([ready_made.Channel.EMAIL], language=options.language, part=None)
    mails = {f"{one.slug}.{one.language}": mail(one) for one in all_channels}
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for name, octets in mails.items():
            (options.keep / f"{name}.eml").write_bytes(octets)
    has_points = False
    with ExitStack() as stack:
        filters = {"spamassassin": by_spamassassin}
        if shutil.which("rspamd"):
            port = stack.enter_context(rspamd())
            filters["rspamd"] = lambda octets: by_rspamd(octets, port)
        for name in ("spamassassin", "rspamd"):
            if name not in filters or not shutil.which(name):
                print(f"{name}: NOT INSTALLED, not asked")
                continue
            has_points |= show(name, filters[name], mails)
        for rule, why in EXPLAINED.items():
            print(f"[{rule}]: {why}")
        addresses = {"rspamd": f"http://127.0.0.1:{port}"} if "rspamd" in filters else {}
        if shutil.which("spamd"):
            addresses["spamassassin"] = f"spamd://127.0.0.1:{stack.enter_context(spamd())}"
        else:
            print("spamd: NOT INSTALLED, not asked as the product asks")
        wrong = [fault for name, address in addresses.items() for fault in as_the_product_asks(name, address, mails)]
    print(*wrong, sep="\n")
    return 1 if has_points or wrong else 0


def show(name: str, ask: Callable[[bytes], dict[str, float]], mails: dict[str, bytes]) -> bool:
    """A line for each mail; whether one has points of its own."""
    heads = (
        f"{'mail':24}{'its points':>12}{'told in all':>12}  rules with points (in brackets: of the place, or explained)"
    )
    print(f"\n{name}\n{heads}")
    has_points = False
    for mail_name, octets in mails.items():
        rules = ask(octets)
        ours = {
            rule: points for rule, points in rules.items() if rule not in EXPLAINED and not OF_THE_PLACE.match(rule)
        }
        has_points |= any(points > 0 for points in ours.values())
        shown = " ".join(
            f"{rule}={points:g}" if rule in ours else f"[{rule}={points:g}]"
            for rule, points in sorted(rules.items(), key=lambda each: -each[1])
            if points
        )
        print(f"{mail_name:24}{sum(ours.values()):>12.2f}{sum(rules.values()):>12.2f}  {shown}")
    return has_points


def as_the_product_asks(name: str, address: str, mails: dict[str, bytes]) -> Iterator[str]:
    """What is wrong with the verdicts that the product has of a filter."""
    judge = judge_at(address)
    for mail_name, octets in mails.items():
        verdict = judge(octets)
        if verdict is None or verdict.filter != name or (verdict.is_spam and name == "spamassassin"):
            yield f"{name} of {mail_name}: {verdict}"
        # spamd rounds each to a tenth.
        elif abs(sum(rule.points for rule in verdict.rules) - verdict.score) > 0.05 * (1 + len(verdict.rules)):
            yield f"{name} of {mail_name}: its rules do not add up to its score: {verdict}"
    head = f"From: <a@{DOMAIN}>\r\nTo: <{RECIPIENT}>\r\nSubject: Hi\r\nDate: {formatdate()}\r\nMessage-ID: <1@{DOMAIN}>\r\n\r\n"
    verdict = judge(head.encode() + GTUBE + b"\r\n")
    if verdict is None or not verdict.is_spam or verdict.score < verdict.threshold:
        yield f"{name} of GTUBE: {verdict}"
    print(f"{name}: as the product asks it, of {len(mails)} mails and one that is spam")


def mail(template: ready_made.ReadyMade) -> bytes:
    """One copy, signed, with what a receiver's server puts before it."""
    words = WORDS[template.language]
    items = [{"name": words["product"], "price": 39, "quantity": 2}]
    content = {
        "tracking": {"opens": True, "clicks": True}, **template.content, "from_email": f"news@{DOMAIN}",
        "from_name": words["shop"],
    }  # fmt: skip
    kind = Kind.TRANSACTIONAL if template.slug in SINGLE else Kind.CAMPAIGN
    prepared = prepare(content, kind, UUID(int=1))
    assert prepared.document is not None, (template.slug, prepared.problems)
    signer = dkim.load_signer(DOMAIN, "s1", dkim.new_private_key("rsa"))
    links = Links(public_url=f"https://linki.{DOMAIN}", key=b"k", return_path_key=b"r")
    composer = Composer(prepared.document, signers=[signer], return_path=f"odbicia.{DOMAIN}", links=links)
    campaign_id = None if kind is Kind.TRANSACTIONAL else new_id()
    made = composer.compose(
        message_id=message_id(new_id(), 1), address=RECIPIENT, fields={**FIELDS, **words, "items": items}, campaign_id=campaign_id,
        contact_id=new_id() if campaign_id else None, at=int(time.time()),
    )  # fmt: skip
    came = (
        f"Return-Path: <{made.envelope_from}>\r\nReceived: from mx1.{DOMAIN} (mx1.{DOMAIN} [192.0.2.25])\r\n"
        f"\tby mx.poczta.example with ESMTPS id 4F1; {formatdate()}\r\n"
    )
    return came.encode() + made.octets


def by_spamassassin(octets: bytes) -> dict[str, float]:
    """Points by rule, of local tests alone."""
    ran = subprocess.run(
        ["spamassassin", "--local", "--test-mode", "--cf", "use_bayes 0"],
        input=octets.replace(b"\r\n", b"\n"), capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    told = ran.stdout.decode("utf-8", "replace").partition("Content analysis details:")[2]
    return {
        found[2]: float(found[1]) for found in re.finditer(r"^\s*(-?\d+\.\d+)\s+([A-Z][A-Z0-9_]+)", told, re.MULTILINE)
    }


@contextmanager
def spamd() -> Iterator[int]:
    """SpamAssassin's daemon on the loopback, without the network's tests; its port."""
    port = free_port()
    command = [
        "spamd", "--local", "--listen", "127.0.0.1", "--port", str(port), "--nouser-config", "--cf", "use_bayes 0",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 240
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
                break
            time.sleep(0.3)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def rspamd() -> Iterator[int]:
    """A filter of its own on the loopback, as Debian configures it, without Redis and DNS; its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "rspamd.conf")
        settings.write_text(
            f"""
            options {{ pidfile = "{folder}/pid"; filters = "chartable,dkim,regexp"; cache_file = "{folder}/cache";
              history_file = "{folder}/history"; url_tld = "${{SHAREDIR}}/effective_tld_names.dat"; hs_cache_dir = "{folder}/";
              classify_headers = ["User-Agent", "X-Mailer", "Content-Type"]; tempdir = "{folder}"; allow_raw_input = true;
              dns {{ timeout = 0.1s; retransmits = 0; nameserver = ["127.0.0.1:9"]; }} }}
            logging {{ type = "file"; filename = "{folder}/log"; level = "warning"; }}
            worker {{ type = "normal"; bind_socket = "127.0.0.1:{port}"; count = 1; }}
            .include(try=true; priority=1) "/etc/rspamd/common.conf"
            """
        )
        command = ["rspamd", "-f", "-i", "-c", str(settings), "--var", f"DBDIR={folder}", "--var", f"RUNDIR={folder}"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 240
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(
                        Path(folder, "log").read_text() if Path(folder, "log").exists() else "rspamd ended"
                    )
                time.sleep(0.3)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/ping", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def by_rspamd(octets: bytes, port: int) -> dict[str, float]:
    envelope = {"IP": "192.0.2.25", "From": f"b@odbicia.{DOMAIN}", "Rcpt": RECIPIENT, "Helo": f"mx1.{DOMAIN}"}
    with urlopen(Request(f"http://127.0.0.1:{port}/checkv2", octets, envelope), timeout=120) as answer:
        symbols = json.loads(answer.read())["symbols"]
    return {name: float(symbol.get("score", 0)) for name, symbol in symbols.items()}


if __name__ == "__main__":
    sys.exit(main())
