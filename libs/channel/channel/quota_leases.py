"""Quota in blocks: a channel leases units from identity and spends them in its own database.

A single message then costs no call and no lock at identity. What is spent is counted in the transaction that writes the
messages down, so a crash neither loses a unit nor spends one twice; what an account did not need goes back within
seconds. Leases grow while an account keeps sending: the first message leases one unit, a busy sender thousands.

    leased = quota_leases.leased(session, account_ids)        # locks the leases
    quota_leases.spend(session, {account_id: 3})              # in the same transaction; never more than is unspent
    keeper.extend(account_id, 3)                              # between transactions, where too little is unspent

A lease also says where it may be spent: on trial an account sends only to addresses that it has proved. An event ends
the lease when that changes, so a message costs no question about it either.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import Database, changed, cursor_of
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.rpc_client import RemoteFailure
from contracts import errors
from contracts.errors import NotFound, Unavailable, WiciError

MOST_AT_ONCE = 5_000
# Longer than `DEADLINE`, after which nobody takes up a call for more: what has rested for so long can be given back
# without overtaking one. Else identity would grant after the release, to a lease that nobody remembers.
IDLE_SECONDS = 8
# A lease belongs to one period of the plan: the next period starts with a lease of its own soon enough.
OLDEST_SECONDS = 300
TURN_SECONDS = 1.0
# How often it looks for leases that others have left, when none is known.
REST_SECONDS = 10.0
MOST_TRIES = 5
DEADLINE = 5.0

log = get_logger()

_LEASED = (
    "SELECT account_id, granted - used AS unspent, only_to FROM quota_leases"
    " WHERE account_id = ANY(%s) AND NOT is_ending ORDER BY account_id FOR UPDATE"
)
_SPEND = (
    "UPDATE quota_leases l SET used = used + s.units, used_at = now()"
    " FROM unnest(%s::uuid[], %s::bigint[]) AS s(account_id, units)"
    " WHERE l.account_id = s.account_id AND NOT l.is_ending AND l.used + s.units <= l.granted"
)
_OPEN = text(
    "INSERT INTO quota_leases (reservation_id, account_id) VALUES (:reservation_id, :account_id) ON CONFLICT DO NOTHING"
)
_TAKE_UP = text(
    "UPDATE quota_leases SET used_at = now() WHERE account_id = :account_id AND NOT is_ending"
    " RETURNING reservation_id, granted, used"
)
_GRANT = text(
    "UPDATE quota_leases SET granted = greatest(granted, :granted), only_to = :only_to"
    " WHERE reservation_id = :reservation_id AND NOT is_ending"
)
_END = text("UPDATE quota_leases SET is_ending = true WHERE reservation_id = :reservation_id")
_END_CURRENT = text("UPDATE quota_leases SET is_ending = true WHERE account_id = :account_id AND NOT is_ending")
# Locked in the order of `_LEASED`: whoever spends of several accounts and this one wait for each other in one order.
_END_IDLE = text(
    "WITH due AS MATERIALIZED (SELECT reservation_id FROM quota_leases"
    " WHERE NOT is_ending AND (used_at < now() - make_interval(secs => :idle)"
    " OR opened_at < now() - make_interval(secs => :oldest)) ORDER BY account_id FOR UPDATE)"
    " UPDATE quota_leases l SET is_ending = true FROM due WHERE l.reservation_id = due.reservation_id"
)
# `is_over`: ended, and no call for more of it can be under way.
_UNTOLD = text(
    "SELECT * FROM (SELECT reservation_id, account_id, used, told,"
    " is_ending AND used_at < now() - make_interval(secs => :idle) AS is_over FROM quota_leases) l"
    " WHERE is_over OR used > told LIMIT 1000"
)
_ONE = text(
    "SELECT reservation_id, account_id, used, is_ending AS is_over FROM quota_leases"
    " WHERE reservation_id = :reservation_id"
)
_TELL = text("UPDATE quota_leases SET told = greatest(told, :used) WHERE reservation_id = :reservation_id")
_ANY = text("SELECT EXISTS (SELECT FROM quota_leases)")
_FORGET = text("DELETE FROM quota_leases WHERE reservation_id = :reservation_id AND is_ending")


@dataclass
class Leased:
    """What an account may spend in one transaction: `unspent` units, on the addresses `only_to` (None: on any)."""

    unspent: int = 0
    only_to: frozenset[str] | None = None

    def refuses(self, addresses: Iterable[str]) -> WiciError | None:
        """Why it is not to be spent on these."""
        if self.only_to is None:
            return None
        foreign = sum(address.lower() not in self.only_to for address in addresses)
        return errors.on_trial(foreign) if foreign else None


def leased(session: Session, account_ids: Collection[UUID]) -> dict[UUID, Leased]:
    """What each account may spend in this transaction; its leases are locked until it ends. No lease: nothing."""
    return ask_leased(cursor_of(session), account_ids)()


def ask_leased(cursor: Cursor[Any], account_ids: Collection[UUID]) -> Callable[[], dict[UUID, Leased]]:
    """As `leased`, for a pipeline: what is returned is called once it has ended."""
    cursor.execute(_LEASED, (list(account_ids),))

    def read() -> dict[UUID, Leased]:
        found = {account_id: Leased() for account_id in account_ids}
        for account_id, unspent, only_to in cursor.fetchall():
            found[account_id] = Leased(unspent, None if only_to is None else frozenset(only_to))
        return found

    return read


def spend(session: Session, units_by_account: Mapping[UUID, int]) -> None:
    """Count units as used; no more than `leased` has told in this transaction."""
    if units_by_account:
        ask_spent(cursor_of(session), units_by_account)()


def ask_spent(cursor: Cursor[Any], units_by_account: Mapping[UUID, int]) -> Callable[[], None]:
    """As `spend`, of at least one account, for a pipeline: what is returned is called once it has ended."""
    cursor.execute(_SPEND, (list(units_by_account), list(units_by_account.values())))

    def ensure() -> None:
        if cursor.rowcount != len(units_by_account):
            raise RuntimeError("units were spent that are not leased")

    return ensure


def end(session: Session, account_id: UUID) -> None:
    """Spend no more of the account's lease, whose terms have changed: the next message leases by the new ones."""
    session.execute(_END_CURRENT, {"account_id": account_id})


def _terms(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"granted": answer["granted"], "only_to": answer.get("only_to")}


class LeaseKeeper:
    """Extends leases and gives back what is not needed; every instance of a service runs one, to the same effect.

    :param feature: the quota: `sms`, `email`.
    :param call: `services.call`.
    """

    def __init__(self, database: Database, feature: str, call: Callable[..., Any]) -> None:
        self._database = database
        self._feature = feature
        self._call = call
        self._opened = threading.Event()

    def extend(self, account_id: UUID, units: int) -> None:
        """Lease so much that `units` are unspent, unless others spend them first.

        :raises PlanLimit: the quota does not have them. :raises Unavailable: identity does not answer.
        """
        for _ in range(MOST_TRIES):
            lease = self._open(account_id)
            if lease is None:
                continue
            at_least = lease.used + units
            if at_least <= lease.granted:
                return
            wanted = at_least + min(lease.granted * 2, MOST_AT_ONCE)
            answer = self._ask(
                "identity.lease_quota",
                account_id,
                lease.reservation_id,
                feature=self._feature,
                at_least=at_least,
                wanted=wanted,
            )
            if answer["has_ended"]:
                self._execute(_END, reservation_id=lease.reservation_id)
            elif self._execute(_GRANT, reservation_id=lease.reservation_id, **_terms(answer)):
                return
            else:
                self._end(account_id, lease.reservation_id)
        raise Unavailable("quota.busy", "The quota is being settled; try again.", {"retry_after": 1})

    def run(self, stop: threading.Event) -> None:
        """Settle with identity until `stop`; a failure is logged and tried again."""
        while not stop.wait(TURN_SECONDS):
            try:
                self._opened.clear()
                if self._has_leases():
                    self.settle()
                else:
                    self._opened.wait(REST_SECONDS)
            except Exception as error:
                log.warning("quota_leases_not_settled", error=error)

    def wake(self) -> None:
        """End the rest of a keeper that has nothing to settle: it is to stop."""
        self._opened.set()

    def _has_leases(self) -> bool:
        with self._database.reading() as session:
            return bool(session.scalar(_ANY))

    def settle(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """End what is idle, tell identity what is used, give back the rest. Every step may run twice."""
        self._execute(_END_IDLE, idle=idle_seconds, oldest=OLDEST_SECONDS)
        with self._database.transaction() as session:
            leases = session.execute(_UNTOLD, {"idle": idle_seconds}).all()
        for lease in leases:
            try:
                self._settle(lease)
            except Unavailable as error:
                log.warning("quota_leases_not_settled", error=error.code)
                return  # Identity is away for the others too.
            except (WiciError, RemoteFailure) as error:
                log.warning("quota_lease_not_settled", account_id=str(lease.account_id), error=error)

    def _settle(self, lease: Any) -> None:
        try:
            if lease.used:
                self._ask("identity.use_quota", lease.account_id, lease.reservation_id, amount=lease.used)
            if lease.is_over:
                self._give_back(lease.account_id, lease.reservation_id)
        except NotFound:
            pass  # Never granted, or its account is gone.
        if lease.is_over:
            self._execute(_FORGET, reservation_id=lease.reservation_id)
        else:
            self._execute(_TELL, reservation_id=lease.reservation_id, used=lease.used)

    def _end(self, account_id: UUID, reservation_id: UUID) -> None:
        """Given back meanwhile: what has just been granted must not stay behind."""
        with self._database.transaction() as session:
            lease = session.execute(_ONE, {"reservation_id": reservation_id}).one_or_none()
        if lease is not None:
            self._settle(lease)
        else:
            self._give_back(account_id, reservation_id)

    def _open(self, account_id: UUID) -> Any:
        """The account's lease, touched now, so that it is not idle; opened where it has none.

        None when another instance has just ended it.
        """
        with self._database.transaction() as session:
            session.execute(_OPEN, {"reservation_id": new_id(), "account_id": account_id})
            taken_up = session.execute(_TAKE_UP, {"account_id": account_id}).one_or_none()
        self._opened.set()
        return taken_up

    def _give_back(self, account_id: UUID, reservation_id: UUID) -> None:
        self._ask("identity.release_quota", account_id, reservation_id)

    def _ask(self, method: str, account_id: UUID, reservation_id: UUID, **payload: Any) -> Any:
        actor = {"account_id": str(account_id), "service": self._feature}
        payload = {"reservation_id": str(reservation_id), **payload}
        return self._call(method, actor, payload, deadline=DEADLINE)

    def _execute(self, statement: Any, **values: Any) -> int:
        with self._database.transaction() as session:
            return changed(session, statement, **values)
