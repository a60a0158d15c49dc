"""From a prepared content and one recipient to the bytes of a signed message.

What is the same for every recipient is made once; per recipient there is rendering, transfer encoding, a handful of
headers and one signature per key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import minijinja

from chassis.confined import at
from contracts import tokens
from contracts.domains import MAX_LABEL, ascii_domain
from contracts.tokens import Place, TokenKind
from contracts.vocabulary import ContentFailure
from email_gateway.content import dkim, files, mime, targets, unsubscribing, verp
from email_gateway.content import prepare as contents
from email_gateway.content.encoded import EncodedTemplate, encoded_template
from email_gateway.content.outgoing import Blob, Outgoing
from email_gateway.content.prepare import OPEN, UNSUBSCRIBE, Kind
from email_gateway.content.template import Template, TemplateProblem
from email_gateway.content.unsubscribing import Shown

CHANNEL = "email"
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\"(),:;<>\[\\\]]")


class NotComposable(Exception):
    """This recipient cannot be sent this content; `code` is for the report, the text for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Links:
    """How links to ourselves are made."""

    public_url: str
    key: bytes = field(repr=False)
    return_path_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Tracking:
    """Token makers of one campaign's content."""

    unsubscribe: Callable[[UUID, UUID | None], str]
    open: Callable[[UUID, UUID | None], str]
    clicks: tuple[tuple[str, Callable[[UUID, UUID | None], str] | None], ...]


class Composer:
    """Composes the messages of one content.

    :param document: from `content.prepare`.
    :param signers: of the From domain; every one signs.
    :param return_path: domain of the envelope sender.
    """

    def __init__(
        self, document: Mapping[str, Any], *, signers: Sequence[dkim.Signer], return_path: str, links: Links
    ) -> None:
        self.account_id = UUID(document["account_id"])
        self.kind = Kind(document["kind"])
        self.sender = document["from_email"]
        self._document = document
        self._template: Template = contents.template_of(document)
        self._signers = signers
        self._return_path = return_path
        self._links = links
        self._targets: list[str] = document["links"]
        self._has_html, self._has_text = bool(document["html"]), bool(document["text"])
        self._static_subject = None if targets.is_dynamic(document["subject"]) else _subject(document["subject"])
        self._domain = self.sender.rpartition("@")[2].encode()
        self._lay_out(document)
        self._tracking: dict[UUID | None, _Tracking] = {}

    def _lay_out(self, document: Mapping[str, Any]) -> None:
        """What every message shares: the constant headers and the pieces around the parts."""
        self._text_encoding, self._encode_text = mime.encoder_for(document["text"])
        self._html_encoding, self._encode_html = mime.encoder_for(document["html"])
        self._encoded = {
            name: _encoded(document, name, encoding)
            for name, encoding in (("text", self._text_encoding), ("html", self._html_encoding))
        }
        constant: list[dkim.Header] = [
            (b"From", mime.mailbox(self.sender, document["from_name"], name_length=6)),
            (b"MIME-Version", b"1.0"),
        ]
        if document["reply_to"]:
            constant.append((b"Reply-To", mime.mailbox(document["reply_to"], None, name_length=10)))
        constant += [
            (name.encode(), mime.unstructured(value, name_length=len(name) + 2))
            for name, value in document["headers"].items()
        ]
        if self.kind is Kind.SYSTEM:
            constant.append((b"Auto-Submitted", b"auto-generated"))
        self._files = document.get("files")
        if self._files:
            self._lay_out_files(constant)
        elif self._has_html and self._has_text:
            boundary = b"=_wici_" + hashlib.sha256(repr(document).encode()).hexdigest()[:24].encode()
            constant.append((b"Content-Type", b'multipart/alternative;\r\n boundary="%s"' % boundary))
            self._opening = b"--%s\r\n%s\r\n" % (boundary, _part(b"plain", self._text_encoding))
            self._middle = b"\r\n--%s\r\n%s\r\n" % (boundary, _part(b"html", self._html_encoding))
            self._closing = b"\r\n--%s--\r\n" % boundary
        else:
            subtype, encoding = (b"html", self._html_encoding) if self._has_html else (b"plain", self._text_encoding)
            constant += [
                (b"Content-Type", b"text/%s; charset=utf-8" % subtype),
                (b"Content-Transfer-Encoding", encoding),
            ]
            self._opening = self._middle = self._closing = b""
        self._to = _mailboxes(b"To", [document["to"]]) if document.get("to") else None
        if document.get("cc"):
            constant.append((b"Cc", _mailboxes(b"Cc", document["cc"])))
        self._constant_lines = b"".join([b"%s: %s\r\n" % header for header in constant])
        self._constant_signed = dkim.select(constant)

    def _lay_out_files(self, constant: list[dkim.Header]) -> None:
        text = _part(b"plain", self._text_encoding) if self._has_text else None
        html = _part(b"html", self._html_encoding) if self._has_html else None
        laid_out = files.layout(self._files, text, html)
        constant.append((b"Content-Type", laid_out.content_type))
        self._opening, self._middle, self._closing = laid_out.opening, laid_out.middle, b""

    @property
    def tail(self) -> str | None:
        """The digest of what all its mails end with."""
        return self._files.get("blob") if self._files else None

    def compose(
        self,
        *,
        message_id: UUID,
        address: str,
        fields: Mapping[str, Any],
        campaign_id: UUID | None,
        contact_id: UUID | None,
        at: int,
        name: str | None = None,
        tail: bytes = b"",
    ) -> Outgoing:
        """:param tail: the octets of `self.tail`.

        :raises NotComposable: a field is missing, or the address cannot be written in ASCII."""
        recipient = ascii_address(address)
        variables, unsubscribe = self._variables(fields, message_id, campaign_id, contact_id)
        try:
            body = self._body(variables)
            subject = self._static_subject
            if subject is None:
                subject = _subject(self._template.render("subject", variables))
        except TemplateProblem as problem:
            raise NotComposable(ContentFailure.TEMPLATE_FAILED, str(problem)) from None
        headers: list[dkim.Header] = [
            (b"Date", mime.date(at)),
            (b"To", self._to or mime.mailbox(recipient, name, name_length=4)),
            (b"Subject", subject),
            (b"Message-ID", b"<%s@%s>" % (message_id.hex.encode(), self._domain)),
            *self._bulk_headers(unsubscribe, message_id, campaign_id),
        ]
        digest = dkim.body_hash(body, tail)
        signed = self._constant_signed + dkim.select(headers)
        parts = [signer.sign(signed, digest, at) for signer in self._signers]
        parts += [b"%s: %s\r\n" % header for header in headers]
        parts += (self._constant_lines, b"\r\n", body)
        envelope_from = verp.encode(message_id, self._return_path, self._links.return_path_key)
        blob = Blob(self._files["blob"], self._files["size"]) if self._files and "blob" in self._files else None
        return Outgoing(message_id, recipient, envelope_from, b"".join(parts), blob)

    def _body(self, variables: Mapping[str, Any]) -> bytes:
        text = self._part("text", variables, self._encode_text) if self._has_text else b""
        html = self._part("html", variables, self._encode_html) if self._has_html else b""
        return b"".join((self._opening, text, self._middle, html, self._closing))

    def _part(self, name: str, variables: Mapping[str, Any], encode: Callable[[str], bytes]) -> bytes:
        encoded = self._encoded[name]
        if encoded is not None:
            return encoded.render(variables)
        return encode(_rendered(self._template, self._document, name, variables))

    def _variables(
        self, fields: Mapping[str, Any], message_id: UUID, campaign_id: UUID | None, contact_id: UUID | None
    ) -> tuple[dict[str, Any], str | None]:
        variables = present(fields)
        if self.kind is Kind.SYSTEM:
            return variables, None
        tracking = self._tracking.get(campaign_id) or self._track(campaign_id)
        public_url = self._links.public_url
        for number, (variable, sign) in enumerate(tracking.clicks):
            if sign is None:
                target = _target(self._template, number, self._targets[number], variables)
                if (address := targets.web_address(target)) is None:
                    variables[variable] = targets.harmless(target)  # what the mail would hold if it were not tracked
                    continue
                shared = targets.shared_length(self._targets[number], address)
                address = targets.with_parameters(address, self._document.get("utm"))
                sign = self._signer(TokenKind.CLICK, campaign_id, address, Place(number, shared))
            variables[variable] = f"{public_url}/t/{sign(message_id, contact_id)}"
        variables[OPEN] = f"{public_url}/o/{tracking.open(message_id, contact_id)}"
        unsubscribe = f"{public_url}/u/{tracking.unsubscribe(message_id, contact_id)}"
        # A URL of ours holds nothing to escape, and minijinja would write its slashes as entities.
        variables[UNSUBSCRIBE] = minijinja.safe(unsubscribe)
        return variables, unsubscribe

    def _signer(
        self, kind: TokenKind, campaign_id: UUID | None, target: str, place: Place | None = None
    ) -> Callable[[UUID, UUID | None], str]:
        key, account_id = self._links.key, self.account_id
        return tokens.signer(key, kind, account_id=account_id, campaign_id=campaign_id, target=target, place=place)

    def _track(self, campaign_id: UUID | None) -> _Tracking:
        clicks = tuple(
            (
                contents.link_variable(number),
                None
                if targets.is_dynamic(target)
                else self._signer(TokenKind.CLICK, campaign_id, target, Place(number, len(target))),
            )
            for number, target in enumerate(self._targets)
        )
        tracking = _Tracking(
            self._signer(TokenKind.UNSUBSCRIBE, campaign_id, CHANNEL),
            self._signer(TokenKind.OPEN, campaign_id, CHANNEL),
            clicks,
        )
        self._tracking[campaign_id] = tracking
        return tracking

    def _bulk_headers(self, unsubscribe: str | None, message_id: UUID, campaign_id: UUID | None) -> list[dkim.Header]:
        feedback = b"%s:%s:%s:wici" % (
            (campaign_id.hex if campaign_id else "single").encode(),
            self.account_id.hex.encode(),
            self.kind.encode(),
        )
        headers: list[dkim.Header] = [(b"Feedback-ID", feedback)]
        if self.kind is Kind.CAMPAIGN and unsubscribe is not None:
            # The address by HTTPS first (RFC 8058); programs that know nothing of that write to the other.
            mailto = verp.encode(message_id, self._return_path, self._links.return_path_key, verp.Kind.UNSUBSCRIBE)
            both = b"<%s>,\r\n <mailto:%s?subject=unsubscribe>" % (unsubscribe.encode(), mailto.encode())
            headers += [(b"List-Unsubscribe", both), (b"List-Unsubscribe-Post", b"List-Unsubscribe=One-Click")]
        return headers


def render(document: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, str | None]:
    """Subject, html and text for a preview or a check; links lead to their targets, no token is made.

    :raises TemplateProblem: a field is missing.
    """
    at("html" if document["html"] else "text")
    template, known = contents.template_of(document), present(fields)
    shown: dict[str, Any] = {UNSUBSCRIBE: "#unsubscribe", OPEN: "data:,", **known}
    for number, source in enumerate(document["links"]):
        target = _target(template, number, source, known)
        address = targets.web_address(target)
        shown[contents.link_variable(number)] = (
            targets.with_parameters(address, document.get("utm")) if address else targets.harmless(target)
        )
    rendered = {}
    for name in ("subject", "html", "text"):
        at(name)
        rendered[name] = _rendered(template, document, name, shown) if document[name] else None
    return rendered


def _rendered(template: Template, document: Mapping[str, Any], name: str, variables: Mapping[str, Any]) -> str:
    """The text for one recipient, with a link that unsubscribes where it must have one."""
    rendered = template.render(name, variables)
    if _shows_unsubscribing(document, name):
        return rendered
    url, is_html = str(variables[UNSUBSCRIBE]), name == "html"
    if unsubscribing.is_shown(rendered, url, is_html=is_html):
        return rendered
    return unsubscribing.with_line(rendered, url, is_html=is_html)


def _shows_unsubscribing(document: Mapping[str, Any], name: str) -> bool:
    """Whether every recipient's text does, or need not."""
    return bool(document.get("unsubscribe", {}).get(name, Shown.ALWAYS) == Shown.ALWAYS)


def _target(template: Template, number: int, target: str, variables: Mapping[str, Any]) -> str:
    if not targets.is_dynamic(target):
        return target
    try:
        return template.render(contents.link_name(number), variables)
    except TemplateProblem:
        return ""  # a link inside a condition that is not met needs no target


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that have a value: one that is empty is undefined to a template, so that `default` takes its place."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def ascii_address(address: str) -> str:
    """The address with its domain as A-labels.

    :raises NotComposable: the local part is not ASCII (that would need SMTPUTF8), or it is no address at all.
    """
    local, _, domain = address.rpartition("@")
    if not local or not domain or not local.isascii() or _has_forbidden(address):
        raise NotComposable("5.1.3", "the address cannot be sent to")
    if domain.isascii() and len(domain) <= MAX_LABEL:
        return address  # as nearly all are: no label of it can be too long
    try:
        return f"{local}@{ascii_domain(domain)}"
    except UnicodeError:
        raise NotComposable("5.1.3", "the address cannot be sent to") from None


def _has_forbidden(address: str) -> bool:
    """Characters that would end a command or a path; a quoted local part is not worth its risks."""
    return _FORBIDDEN.search(address) is not None or len(address) > 254


def _encoded(document: Mapping[str, Any], name: str, encoding: bytes) -> EncodedTemplate | None:
    at(name)
    if encoding != b"quoted-printable" or not document[name] or not _shows_unsubscribing(document, name):
        return None
    return encoded_template(document[name], escapes=name == "html", lenient=contents.is_lenient(document))


def _mailboxes(header: bytes, mailboxes: Sequence[Mapping[str, Any]]) -> bytes:
    written = [mime.mailbox(ascii_address(one["email"]), one["name"], name_length=len(header) + 2) for one in mailboxes]
    return b",\r\n ".join(written)


def _subject(subject: str) -> bytes:
    return mime.unstructured(subject, name_length=9)


def _part(subtype: bytes, encoding: bytes) -> bytes:
    return b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n" % (subtype, encoding)
