"""`Idempotency-Key`: what was done is done once and answered alike for a day, whatever fails in between.

A refusal is not kept. It did nothing, and what it says may be true no more: a quota is raised, a campaign paused, an
account's suspension lifted. The same request then has its effect under the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from flask import Response
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_gateway import store
from chassis import gathering
from chassis.database import Fault, fault_of, is_rolled_back
from chassis.gathering import Gatherer
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.rpc_client import RemoteFailure
from contracts.errors import Conflict, Invalid, Unavailable, Unreadable, WiciError

KEEP = timedelta(hours=24)
# How much longer than the call's deadline a key stays locked to a worker that says nothing more.
LOCK_MARGIN = timedelta(seconds=5)
MAX_KEY = 255
MAX_KEPT_BODY = 1024 * 1024
# Longer answers are kept by a transaction of their own.
LARGE_BODY = 64 * 1024
# How long a request waits for its key, or for its answer to be kept.
KEEPER_SECONDS = 10.0
_KEPT_HEADERS = ("Content-Type", "Content-Language", "Location", "Retry-After", "WWW-Authenticate")

log = get_logger()

Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class KeyLock:
    """An `Idempotency-Key` that this request has locked; `request_key` goes to the services."""

    account_id: UUID
    key: str
    request_key: UUID
    lock_id: UUID


def read_key(header: str | None) -> str | None:
    """The key as sent, quotes of a structured string taken off.

    :raises Unreadable: empty, too long, or not printable ASCII.
    """
    if header is None:
        return None
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 0 < len(key) <= MAX_KEY or not (key.isascii() and key.isprintable()):
        raise Unreadable(
            "idempotency.bad_key", f"Idempotency-Key is 1 to {MAX_KEY} printable ASCII characters.", {"limit": MAX_KEY}
        )
    return key


def fingerprint(operation: str, payload: dict[str, Any]) -> bytes:
    """What must be equal for two requests to be the same one: the operation and all its parameters."""
    return hashlib.sha256(operation.encode() + b"\n" + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).digest()


class _Keeper:
    """Transactions that requests share: `chassis.gathering` over the gateway's own database in place of a service."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = KEEPER_SECONDS) -> Any:
        """`take` or `keep` for each of the requests; whether it was taken."""
        return gathering.answer(payload, self._take if name == "take" else self._keep)

    def _take(self, requests: list[gathering.Request], turns: gathering.Turns) -> list[Any]:
        rows = [asked["row"] for _actor, asked in requests]
        try:
            with self._transaction() as session:
                taken = store.take(session, rows, expired_before=min(row.now for row in rows) - KEEP)
        except SQLAlchemyError as error:
            if len(requests) > 1 and is_rolled_back(error):
                return [self._take([each], turns)[0] for each in requests]  # one row waits in no circle
            return _failed(error, requests)
        return [row.lock_id in taken for row in rows]

    def _keep(self, requests: list[gathering.Request], turns: gathering.Turns) -> list[Any]:
        try:
            with self._transaction() as session:
                store.store_answers(session, [asked["row"] for _actor, asked in requests])
        except SQLAlchemyError as error:
            if len(requests) > 1 and is_rolled_back(error):
                return [self._keep([each], turns)[0] for each in requests]
            return _failed(error, requests)
        return [True] * len(requests)


def _failed(error: SQLAlchemyError, requests: list[Any]) -> list[Any]:
    """A value of one that the database does not take is found by taking each alone; without a database none is."""
    if len(requests) > 1 and fault_of(error) is not Fault.SERVER:
        raise error
    log.warning("idempotency_unavailable", error=error)
    unavailable = Unavailable("idempotency.unavailable", "Idempotency keys cannot be kept at the moment.")
    return [unavailable] * len(requests)


class Idempotency:
    """Keys and answers in the gateway's database, shared by all workers.

    Requests of a worker that come together share a transaction for their keys, and one for their answers.
    """

    def __init__(self, transaction: Transaction, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._transaction = transaction
        self._now = now
        self._keeper = Gatherer(_Keeper(transaction), ("take", "keep"), is_large=_is_large)

    def begin(self, account_id: str, key: str, mark: bytes, deadline: float) -> KeyLock | Response:
        """Lock the key, or give the answer that it already has.

        :param account_id: whose key it is: the account's, or the operator's who acts.
        :param mark: of the request, by `fingerprint`.
        :param deadline: seconds that the work may take; afterwards a retry may take the key over.
        :raises Invalid: the key was used for another request.
        :raises Conflict: the first request with the key is still running.
        :raises Unavailable: the gateway's database does not answer, so nothing can be promised.
        """
        now, holder = self._now(), UUID(account_id)
        row = store.KeyRow(
            account_id=holder, key=key, fingerprint=mark, request_key=new_id(), lock_id=new_id(),
            locked_until=now + timedelta(seconds=deadline) + LOCK_MARGIN, now=now,
        )  # fmt: skip
        if self._gathered("take", row):
            return KeyLock(holder, key, row.request_key, row.lock_id)
        try:
            with self._transaction() as session:
                return self._begin_known(session, row)
        except SQLAlchemyError as error:
            log.warning("idempotency_unavailable", error=error)
            raise Unavailable("idempotency.unavailable", "Idempotency keys cannot be kept at the moment.") from None

    def _begin_known(self, session: Session, row: store.KeyRow) -> KeyLock | Response:
        """The same of a key that somebody had before."""
        earlier = store.find(session, account_id=row.account_id, key=row.key)
        if earlier is not None and bytes(earlier.fingerprint) != row.fingerprint:
            raise Invalid("idempotency.key_reused", "This Idempotency-Key was used for another request.")
        if earlier is not None and earlier.status is not None:
            return _replay(earlier)
        request_key = store.take_over(session, row)
        if request_key is None:
            raise Conflict("idempotency.still_running", "The first request with this key is still running.")
        return KeyLock(row.account_id, row.key, request_key, row.lock_id)

    def _gathered(self, name: str, row: store.KeyRow | store.AnswerRow) -> bool:
        actor = {"account_id": str(row.account_id)}  # whose turns count
        return bool(self._keeper.call(name, actor, {"row": row}, deadline=KEEPER_SECONDS))

    def unlock(self, lock: KeyLock) -> None:
        """Unlock the key unanswered: a retry works at once, with the same request key."""
        try:
            with self._transaction() as session:
                store.unlock(session, account_id=lock.account_id, key=lock.key, lock_id=lock.lock_id)
        except SQLAlchemyError as error:
            log.warning("idempotency_key_not_unlocked", error=error)

    def finish(self, lock: KeyLock, answer: Response) -> None:
        """Keep the answer of what was done; a refusal did nothing and unlocks the key, for the same request alone."""
        body = answer.get_data()
        if answer.status_code >= 400 or len(body) > MAX_KEPT_BODY:
            self.unlock(lock)
            return
        headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        row = store.AnswerRow(lock.account_id, lock.key, lock.lock_id, answer.status_code, headers, body)
        try:
            self._gathered("keep", row)
        except (WiciError, RemoteFailure) as error:
            # The work is done: its answer goes out, and a retry after the lock passes the same request key.
            log.warning("idempotent_answer_not_kept", error=error)


def _is_large(payload: dict[str, Any]) -> bool:
    return len(getattr(payload["row"], "body", b"")) > LARGE_BODY


def _replay(earlier: Any) -> Response:
    answer = Response(bytes(earlier.body), earlier.status)
    for name, value in (earlier.headers or {}).items():
        answer.headers[name] = value
    answer.headers["Idempotency-Replayed"] = "true"
    return answer
