"""Composers by content hash, made once and kept for a minute, so that a withdrawn sender stops within a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from channel.loop import UNKNOWN_CONTENT
from chassis.database import Database, cursor_of
from chassis.logs import get_logger
from chassis.secrets import Vault
from contracts.vocabulary import ERASED_ADDRESS
from email_gateway.batches import ERASED, Made, Refusal, ToCompose
from email_gateway.content import dkim
from email_gateway.content.compose import Composer, Links, NotComposable
from email_gateway.content.prepare import Kind
from email_gateway.content.submitted import SubmittedComposer
from email_gateway.content.template import TemplateProblem
from email_gateway.store import blobs, signing

log = get_logger()

KEEP_SECONDS = 60.0
REFUSED_SECONDS = 2.0  # a sender who is authorised again, or has its records back, sends at once
KEEP_COUNT = 500

AnyComposer = Composer | SubmittedComposer


class CannotSend(Exception):
    """Nothing of this content can be sent; `code` and the text go into the report."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Composers:
    """Thread-safe; loads from the database on the calling thread."""

    def __init__(self, database: Database, vault: Vault, links: Links) -> None:
        self._database, self._vault, self._links = database, vault, links
        self._kept: dict[str, tuple[float, AnyComposer | CannotSend]] = {}
        self._signers: dict[
            tuple[str, str], tuple[bytes, dkim.Signer]
        ] = {}  # sealed key and signer, by domain and selector
        self._last_tail: tuple[str, bytes] = ("", b"")  # of a mail with files: all in a chunk end alike
        self._lock = threading.Lock()

    def compose(self, messages: Sequence[ToCompose], at: int) -> list[Made]:
        """The bytes of each message, or why there are none.

        What cannot be loaded (database, key) raises, for it may be there later; what cannot be composed never will be.
        """
        return [self._compose(message, at) for message in messages]

    def _compose(self, message: ToCompose, at: int) -> Made:
        if message.address == ERASED_ADDRESS:
            return ERASED
        try:
            composer = self.get(message.content_hash)
        except CannotSend as problem:
            return Refusal(problem.code, problem.detail[:200])
        try:
            if composer.account_id != message.account_id:
                raise CannotSend(UNKNOWN_CONTENT, "the content is not known")
            return composer.compose(
                message_id=message.message_id,
                address=message.address,
                fields=message.fields,
                campaign_id=message.campaign_id,
                contact_id=message.contact_id,
                at=at,
                name=message.name,
                tail=self._tail(composer),
            )
        except (NotComposable, CannotSend) as problem:
            return Refusal(problem.code, problem.detail[:200])
        except MemoryError:
            raise
        except Exception:
            log.exception("message_not_composed", message_id=str(message.message_id))
            return Refusal("content.failed", "the message could not be composed")

    def get(self, content_hash: str) -> AnyComposer:
        """:raises CannotSend: the content is unknown, or its sender is not authorised."""
        found = self._kept.get(content_hash)
        if found is None or time.monotonic() - found[0] > _kept_seconds(found[1]):
            with self._lock:
                found = (time.monotonic(), self._load(content_hash))
                if len(self._kept) >= KEEP_COUNT:
                    self._kept.clear()
                self._kept[content_hash] = found
        if isinstance(found[1], CannotSend):
            raise found[1]
        return found[1]

    def _load(self, content_hash: str) -> AnyComposer | CannotSend:
        with self._database.transaction() as session:
            loaded = signing.load(session, content_hash)
        if loaded is None:
            return CannotSend(UNKNOWN_CONTENT, "the content is not known")
        if loaded.domain is None:
            return CannotSend("5.7.1", "the sender is not authorised")
        if loaded.is_stopped and loaded.document["kind"] == Kind.CAMPAIGN:
            return CannotSend("sender.records_lost", "DNS records of the sender's domain are gone")
        links = replace(self._links, public_url=f"https://{loaded.link_host}") if loaded.link_host else self._links
        signers = [self._signer(loaded.domain, selector, sealed) for selector, sealed in loaded.keys]
        if "mail" in loaded.document:
            return self._submitted(loaded, signers, links)
        try:
            return Composer(loaded.document, signers=signers, return_path=loaded.return_path, links=links)
        except TemplateProblem as problem:  # kept before a rule that refuses it now
            return CannotSend("template.invalid", str(problem))

    def _submitted(
        self, loaded: signing.Signing, signers: Sequence[dkim.Signer], links: Links
    ) -> SubmittedComposer | CannotSend:
        mail = loaded.document["mail"]
        with self._database.transaction() as session:
            head = blobs.head(
                cursor_of(session),
                account_id=loaded.document["account_id"],
                digest=mail["blob"],
                size=mail["size"] if "tracks" in mail else mail["head"],
            )
        if head is None:
            return CannotSend(UNKNOWN_CONTENT, "the mail is not kept any more")
        return SubmittedComposer(
            loaded.document,
            head=head[: mail["head"]],
            signers=signers,
            return_path=loaded.return_path,
            links=links,
            whole=head if "tracks" in mail else b"",
        )

    def _tail(self, composer: AnyComposer) -> bytes:
        """What the composer's mails end with; the last one is kept. :raises CannotSend: it is not there any more."""
        if composer.tail is None:
            return b""
        last = self._last_tail
        if last[0] == composer.tail:
            return last[1]
        key = (str(composer.account_id), composer.tail)
        with self._database.transaction() as session:
            found = blobs.read(cursor_of(session), [key])
        if key not in found:
            raise CannotSend(UNKNOWN_CONTENT, "the files are not kept any more")
        self._last_tail = (composer.tail, found[key])
        return found[key]

    def _signer(self, domain: str, selector: str, sealed: bytes) -> dkim.Signer:
        """The signer, opened once for all contents of the domain, and again when its key is another one."""
        kept = self._signers.get((domain, selector))
        if kept is None or kept[0] != sealed:
            if len(self._signers) >= KEEP_COUNT:
                self._signers.clear()
            kept = sealed, dkim.load_signer(domain, selector, self._vault.decrypt(sealed))
            self._signers[domain, selector] = kept
        return kept[1]


def _kept_seconds(found: AnyComposer | CannotSend) -> float:
    return REFUSED_SECONDS if isinstance(found, CannotSend) else KEEP_SECONDS
