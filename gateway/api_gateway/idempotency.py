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
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts.errors import Conflict, Invalid, Unavailable, Unreadable

KEEP = timedelta(hours=24)
# How much longer than the call's deadline a key stays locked to a worker that says nothing more.
LOCK_MARGIN = timedelta(seconds=5)
MAX_KEY = 255
MAX_KEPT_BODY = 1024 * 1024
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


class Idempotency:
    """Keys and answers in the gateway's database, shared by all workers."""

    def __init__(self, transaction: Transaction, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._transaction = transaction
        self._now = now

    def begin(self, account_id: str, key: str, mark: bytes, deadline: float) -> KeyLock | Response:
        """Lock the key, or give the answer that it already has.

        :param account_id: whose key it is: the account's, or the operator's who acts.
        :param mark: of the request, by `fingerprint`.
        :param deadline: seconds that the work may take; afterwards a retry may take the key over.
        :raises Invalid: the key was used for another request.
        :raises Conflict: the first request with the key is still running.
        :raises Unavailable: the gateway's database does not answer, so nothing can be promised.
        """
        now, holder, lock_id = self._now(), UUID(account_id), new_id()
        row = {
            "account_id": holder,
            "key": key,
            "fingerprint": mark,
            "lock_id": lock_id,
            "locked_until": now + timedelta(seconds=deadline) + LOCK_MARGIN,
            "now": now,
        }
        try:
            with self._transaction() as session:
                request_key = store.take(session, request_key=new_id(), expired_before=now - KEEP, **row)
                if request_key is None:
                    earlier = store.find(session, account_id=holder, key=key)
                    if earlier is not None and bytes(earlier.fingerprint) != mark:
                        raise Invalid("idempotency.key_reused", "This Idempotency-Key was used for another request.")
                    if earlier is not None and earlier.status is not None:
                        return _replay(earlier)
                    request_key = store.take_over(session, **row)
        except SQLAlchemyError as error:
            log.warning("idempotency_unavailable", error_type=type(error).__name__)
            raise Unavailable("idempotency.unavailable", "Idempotency keys cannot be kept at the moment.") from None
        if request_key is None:
            raise Conflict("idempotency.still_running", "The first request with this key is still running.")
        return KeyLock(holder, key, request_key, lock_id)

    def unlock(self, lock: KeyLock) -> None:
        """Unlock the key unanswered: a retry works at once, with the same request key."""
        try:
            with self._transaction() as session:
                store.unlock(session, account_id=lock.account_id, key=lock.key, lock_id=lock.lock_id)
        except SQLAlchemyError as error:
            log.warning("idempotency_key_not_unlocked", error_type=type(error).__name__)

    def finish(self, lock: KeyLock, answer: Response) -> None:
        """Keep the answer of what was done; a refusal did nothing and unlocks the key, for the same request alone."""
        try:
            with self._transaction() as session:
                self._keep(session, lock, answer)
        except SQLAlchemyError as error:
            # The work is done: its answer goes out, and a retry after the lock passes the same request key.
            log.warning("idempotent_answer_not_kept", error_type=type(error).__name__)

    def _keep(self, session: Session, lock: KeyLock, answer: Response) -> None:
        body = answer.get_data()
        if answer.status_code >= 400 or len(body) > MAX_KEPT_BODY:
            store.unlock(session, account_id=lock.account_id, key=lock.key, lock_id=lock.lock_id)
            return
        store.store_answer(
            session,
            account_id=lock.account_id,
            key=lock.key,
            lock_id=lock.lock_id,
            status=answer.status_code,
            headers={name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers},
            body=body,
        )


def _replay(earlier: Any) -> Response:
    answer = Response(bytes(earlier.body), earlier.status)
    for name, value in (earlier.headers or {}).items():
        answer.headers[name] = value
    answer.headers["Idempotency-Replayed"] = "true"
    return answer
