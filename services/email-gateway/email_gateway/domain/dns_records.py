"""The DNS records of a sender domain: what is asked for, what a look found, and what is wrong with them in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from contracts.domains import MAX_NAME
from contracts.email_addresses import MAX_ADDRESS
from email_gateway.domain.senders import KEPT_AFTER_ROTATION, KeyState

MAX_RETURN_PATH = MAX_ADDRESS - 44  # characters of a return path's domain, after the 43 that name a message and the @
MOST_DIGITS = 4  # that room is kept for, of the number in a selector
RETURN_PATH_LABEL, LINK_LABEL, SELECTOR = "bounces", "link", "wici"
MOST_SEEN, MOST_SHOWN = 5, 300  # values of one name that are kept, and characters of each


class Names(NamedTuple):
    """The labels below the domain that its owner may choose, for they may be taken."""

    return_path: str = RETURN_PATH_LABEL
    link: str = LINK_LABEL


DEFAULT_NAMES = Names()


class Key(NamedTuple):
    """A DKIM key: `record` is the text of its record."""

    selector: str
    record: str
    state: str = KeyState.ACTIVE
    retired_at: datetime | None = None


@dataclass(frozen=True)
class DnsRecord:
    """A record that the owner adds to the domain's DNS; `keep_until` is set where it will not be needed any more."""

    purpose: str
    type: str
    name: str
    value: str
    required: bool
    keep_until: datetime | None = None


@dataclass(frozen=True)
class Finding:
    """What DNS says where a record belongs.

    :param found: whether it is there; None where the name servers do not answer.
    :param seen: the values that are there in its place.
    :param is_doubled: it is under its name with the domain once more, as some providers' forms add it by themselves.
    """

    found: bool | None
    seen: tuple[str, ...] = ()
    is_doubled: bool = False


class Advice(NamedTuple):
    """What is wrong with a record."""

    code: str
    detail: str


def has_room_below(domain: str, *, names: Names, selector: str) -> bool:
    """Whether what is needed below the domain is no longer than DNS takes, and a return path there than SMTP.

    :param selector: what those of its keys begin with; rotations count on from there.
    """
    below = (names.return_path, names.link, "_dmarc", f"{selector}{10**MOST_DIGITS - 1}._domainkey")
    longest = max(len(f"{name}.{domain}") for name in below)
    return longest <= MAX_NAME and len(f"{names.return_path}.{domain}") <= MAX_RETURN_PATH


def dns_records(
    domain: str, *, names: Names, ownership_token: str, keys: Iterable[Key], mail_host: str, public_host: str
) -> list[DnsRecord]:
    """What a sender domain needs.

    :param mail_host: our host that sends and takes bounces.
    """
    bounces = f"{names.return_path}.{domain}"
    return [
        DnsRecord("ownership", "TXT", f"_wici.{domain}", f"wici-verification={ownership_token}", required=True),
        *(_of_key(domain, key) for key in keys),
        DnsRecord("return_path", "MX", bounces, f"10 {mail_host}.", required=True),
        DnsRecord("spf", "TXT", bounces, f"v=spf1 a:{mail_host} -all", required=True),
        DnsRecord("tracking", "CNAME", f"{names.link}.{domain}", f"{public_host}.", required=False),
        DnsRecord("dmarc", "TXT", f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{bounces}", required=False),
    ]


def _of_key(domain: str, key: Key) -> DnsRecord:
    until = None if key.retired_at is None else key.retired_at + KEPT_AFTER_ROTATION
    name, is_active = f"{key.selector}._domainkey.{domain}", key.state == KeyState.ACTIVE
    return DnsRecord(f"dkim:{key.selector}", "TXT", name, key.record, is_active, until)


def has_return_path(found: Mapping[str, Any]) -> bool:
    """Whether bounces to the domain's own return path reach us, and SPF there speaks for us."""
    return found.get("return_path") is True and found.get("spf") is True


def are_required_found(records: Iterable[DnsRecord], found: Mapping[str, Any]) -> bool:
    return all(found.get(record.purpose) is True for record in records if record.required)


def are_lost(records: Iterable[DnsRecord], found: Mapping[str, Any]) -> bool:
    """Whether name servers say that a required one is not there; their silence says nothing."""
    return any(found.get(record.purpose) is False for record in records if record.required)


def finding(record: DnsRecord, answers: Sequence[str] | None, *, is_doubled: bool = False) -> Finding:
    """:param answers: the values at the record's name; None where nobody answered."""
    if answers is None:
        return Finding(None)
    if is_found(record, answers):
        return Finding(True)
    return Finding(False, tuple(_shown(answer) for answer in answers[:MOST_SEEN]), is_doubled)


def _shown(answer: str) -> str:
    """Its beginning, on one line: a TXT record holds any octets, and PostgreSQL and mails do not take all of them."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in answer[:MOST_SHOWN])


def is_found(record: DnsRecord, answers: Sequence[str]) -> bool:
    """Whether the values that DNS gave say what the record should, however they are written.

    Two SPF or two DMARC records are none (RFC 7208 section 4.5, RFC 7489 section 6.6.3).
    """
    if record.purpose == "dmarc":
        return len(_starting(answers, "v=dmarc1")) == 1
    if record.purpose == "spf":
        policies, wanted = _starting(answers, "v=spf1"), record.value.split(" ")[1]
        return len(policies) == 1 and wanted in policies[0].lower().split()
    if record.purpose.startswith("dkim:"):
        return any(_tags(answer) == _tags(record.value) for answer in answers)
    if record.type == "TXT":
        return any(_squeezed(answer) == _squeezed(record.value) for answer in answers)
    return any(_host(answer) == _host(record.value) for answer in answers)


def advice(record: DnsRecord, found: bool | None, seen: Sequence[str], *, is_doubled: bool) -> Advice | None:
    """What is to be done about a record that was looked up; None where nothing is."""
    if found:
        return None
    if found is None:
        return Advice("record.no_answer", "The domain's name servers did not answer; it is looked up again.")
    if is_doubled:
        detail = (
            f"The record was added under {doubled_name(record)}: the form adds .{_zone(record)} by itself, so that its"
            f" field for the name takes {_short_name(record)} alone."
        )
        return Advice("record.doubled_name", detail)
    same = _starting(seen, {"spf": "v=spf1", "dmarc": "v=dmarc1"}.get(record.purpose, "\0"))
    if len(same) > 1:
        return Advice("record.several", f"There are {len(same)} such records at {record.name}; make them one.")
    others = [value for value in seen if record.type != "TXT" or _is_of_kind(record, value)]
    if not others:
        return Advice("record.missing", f"There is no such {record.type} record at {record.name}.")
    found_instead = "; ".join(others)
    if record.purpose == "spf":
        return Advice(
            "record.different", f"The record at {record.name} lacks {record.value.split(' ')[1]}: {found_instead}"
        )
    return Advice("record.different", f"The {record.type} record at {record.name} says something else: {found_instead}")


def _is_of_kind(record: DnsRecord, value: str) -> bool:
    """Whether it is another try at the record; other TXT records at its name are nobody's mistake."""
    start = {"ownership": "wici-verification", "spf": "v=spf1", "dmarc": "v=dmarc1"}.get(record.purpose)
    return start is None or value.strip().lower().startswith(start)


def _zone(record: DnsRecord) -> str:
    """The domain that the record is of: behind its first label, or behind `._domainkey`."""
    return record.name.partition("._domainkey.")[2] or record.name.partition(".")[2]


def doubled_name(record: DnsRecord) -> str:
    """Where the record ends up if its whole name is typed into a form that adds the domain."""
    return f"{record.name}.{_zone(record)}"


def _short_name(record: DnsRecord) -> str:
    return record.name.removesuffix(f".{_zone(record)}")


def _starting(answers: Iterable[str], start: str) -> list[str]:
    return [answer for answer in answers if answer.strip().lower().startswith(start)]


def _tags(record: str) -> dict[str, str]:
    """Of a DKIM record, without what stands for itself (RFC 6376 section 3.6.1); notes count for nothing."""
    pairs = (part.partition("=") for part in record.split(";"))
    tags = {name.strip().lower(): _squeezed(value) for name, equals, value in pairs if equals}
    return {"v": "DKIM1", "k": "rsa"} | {name: value for name, value in tags.items() if name in ("v", "k", "p")}


def _host(value: str) -> str:
    """Of a CNAME or MX, whose preference is its owner's."""
    return value.rpartition(" ")[2].rstrip(".").lower()


def _squeezed(text: str) -> str:
    return "".join(text.split())
