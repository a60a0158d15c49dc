"""A migrated database, emptied between tests, accounts in it, and imports run as the jobs process runs them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import truncate
from contacts.exceptions import TryLater
from contacts.jobs import worker
from contacts.store import jobs
from contacts.usecases import combinations, files, imports
from contacts.usecases.account_terms import AccountTerms
from contracts.contacts.imports import ImportOptions
from contracts.errors import Unavailable
from contracts.permissions import OWNER

FIXTURES = Path(__file__).parent.parent / "fixtures"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CHUNK = 256 * 1024


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Iterator[Database]:
    opened = open_database("contacts")
    truncate(opened)
    yield opened


class OtherServices:
    """The other services, as jobs ask them about a person; `away` do not answer, `under_way` have something in hand."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.away: set[str] = set()
        self.under_way: dict[str, int] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.recipients: list[dict[str, Any]] = []

    def answer(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 10.0) -> dict[str, Any]:
        service, _, method = name.partition(".")
        self.asked.append((name, {**payload, **actor}))
        if service in self.away:
            raise Unavailable("service.timeout", "Nobody is there.")
        if method == "list_report_recipients":
            return self._page(payload, self.recipients)
        if method == "export_person":
            return self._page(payload, [{"kind": "message", "record": one} for one in self.messages.get(service, [])])
        waiting = self.under_way.get(service, 0)
        self.under_way[service] = max(0, waiting - 1)
        return {"counts": {"messages": waiting}, "waiting": waiting}

    @staticmethod
    def _page(payload: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        start = int(payload["cursor"] or 0)
        end = start + payload["limit"]
        return {"items": rows[start:end], "next_cursor": str(end) if end < len(rows) else None}


class Account:
    """One account, and what a test asks of contacts on its behalf."""

    def __init__(self, database: Database, limit: int | None = None) -> None:
        self.database = database
        self.id = new_id()
        self.actor: dict[str, Any] = {
            "account_id": str(self.id),
            "user_id": str(new_id()),
            "permissions": sorted(OWNER),
        }
        self.terms = AccountTerms(limit=limit, region="PL")
        self.services = OtherServices()

    def call(self, usecase: Callable[..., Any], **request: Any) -> Any:
        """Run one use case in a transaction of its own."""
        with self.database.transaction() as session:
            return usecase(session, actor=self.actor, now=NOON, **request)

    def upload(self, filename: str, content: bytes) -> Any:
        upload_id = self.call(files.begin, filename=filename, size=None)["upload_id"]
        for seq in range((len(content) + CHUNK - 1) // CHUNK):
            chunk = b64encode(content[seq * CHUNK : (seq + 1) * CHUNK]).decode()
            self.call(files.append, upload_id=upload_id, seq=seq, chunk=chunk)
        return upload_id

    def queue_import(
        self, content: bytes | str, filename: str = "list.csv", mapping: Any = None, **options: Any
    ) -> Any:
        raw = content.encode() if isinstance(content, str) else content
        return self.call(
            imports.create,
            terms=self.terms,
            upload_id=self.upload(filename, raw),
            mapping=mapping,
            options=ImportOptions().load(options),
        )["id"]

    def run_imports(self) -> None:
        while True:
            with self.database.transaction() as session:
                job = jobs.claim(session, new_id())
            if job is None:
                return
            try:
                worker.runners_that_ask(self.services.answer)[job.kind](self.database, job, lambda: True)
            except TryLater:
                with self.database.transaction() as session:
                    jobs.put_off(session, job, 0.0)

    def import_file(self, content: bytes | str, filename: str = "list.csv", **options: Any) -> Any:
        """Import a file to its end; answers what the API shows of it."""
        import_id = self.queue_import(content, filename, **options)
        self.run_imports()
        return self.call(imports.get, import_id=import_id)

    def combine(self, **asked: Any) -> Any:
        """Make new groups of old ones, to the end; answers what the API shows of it."""
        begun = self.call(combinations.create, **{"seed": "", **asked})
        assert (begun["state"], begun["items"]) == ("waiting", [])
        self.run_imports()
        return self.call(combinations.get, combination_id=begun["id"])

    def people(self) -> list[dict[str, Any]]:
        with self.database.transaction() as session:
            rows = session.execute(
                text("SELECT * FROM contacts WHERE account_id = :id ORDER BY email, phone, external_id"),
                {"id": self.id},
            ).mappings()
            return [dict(row) for row in rows]

    def download(self, file_id: Any) -> str:
        parts, seq = [], 0
        while (part := self.call(files.read, file_id=file_id, seq=seq))["chunk"] is not None:
            parts.append(b64decode(part["chunk"]))
            seq += 1
        return b"".join(parts).decode()


@pytest.fixture
def new_account(database: Database) -> Callable[..., Account]:
    def make(limit: int | None = None) -> Account:
        return Account(database, limit)

    return make


@pytest.fixture
def account(new_account: Callable[..., Account]) -> Account:
    return new_account()
