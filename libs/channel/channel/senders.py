"""What messages of an account are from, where accounts ask for it and operators decide: agents, numbers, bots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from sqlalchemy import func, select, text

from chassis import pages, suspensions
from chassis.database import Session, changed
from chassis.refusals import flush_unless_taken

ACTIVE = "active"
Row = TypeVar("Row")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:of, 0))")
# What every channel with the plain ledger has of an account.
_OF_ACCOUNT = ("contents", "sends", "ledger", "retries", "quota_leases", "erasures", "campaign_states")


class Senders(Generic[Row]):
    """Of one table, whose rows have `id`, `account_id` and `name`, one of each name in an account, and `state`."""

    def __init__(self, model: type[Row]) -> None:
        self._model = cast(Any, model)
        self._table: str = self._model.__tablename__

    def add(self, session: Session, row: Row) -> bool:
        """Whether it is there now; False: the account has one of that name."""
        session.add(row)
        if not flush_unless_taken(session, f"{self._table}_account_id_name_key"):
            return False
        session.refresh(row)
        return True

    def count(self, session: Session, account_id: UUID) -> int:
        """How many the account has; nobody else adds one to it until the transaction ends."""
        session.execute(_LOCK, {"of": f"{self._table}:{account_id}"})
        query = select(func.count()).select_from(self._model).where(self._model.account_id == account_id)
        return int(session.scalar(query) or 0)

    def page(
        self, session: Session, *, account_id: UUID | None, state: str | None = None, after: UUID | None, limit: int
    ) -> Sequence[Row]:
        """In order of request; of every account with `account_id` None (operators)."""
        query = select(self._model).order_by(self._model.id).limit(limit)
        if account_id is not None:
            query = query.where(self._model.account_id == account_id)
        if state is not None:
            query = query.where(self._model.state == state)
        return session.scalars(query if after is None else query.where(self._model.id > after)).all()

    def listed(
        self,
        session: Session,
        view: Callable[[Row], Any],
        *,
        account_id: UUID | None,
        state: str | None = None,
        cursor: str | None,
        limit: int,
    ) -> pages.Page:
        """One page of `page`, as `view` shows each."""
        rows = self.page(session, account_id=account_id, state=state, after=pages.position(cursor), limit=limit + 1)
        return pages.page(rows, limit, view)

    def find(
        self, session: Session, sender_id: UUID, *, account_id: UUID | None = None, for_update: bool = False
    ) -> Row | None:
        query = select(self._model).where(self._model.id == sender_id)
        if account_id is not None:
            query = query.where(self._model.account_id == account_id)
        found: Row | None = session.scalar(query.with_for_update() if for_update else query)
        return found

    def active(self, session: Session, account_id: UUID, name: str) -> Row | None:
        model = self._model
        query = select(model).where(model.account_id == account_id, model.name == name, model.state == ACTIVE)
        found: Row | None = session.scalar(query)
        return found

    def claim_due(self, session: Session, due: str, lease: timedelta) -> tuple[Row, datetime] | None:
        """An active one whose moment has come, by the column `due`, and until when nobody else gets it.

        It is read whole and leaves the session: what is done for it is done without a transaction.
        """
        table = self._table
        claimed = session.execute(
            text(
                f"UPDATE {table} SET {due} = now() + :lease WHERE id = (SELECT id FROM {table} WHERE state = 'active'"
                f" AND {due} <= now() ORDER BY {due} LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, {due}"
            ),
            {"lease": lease},
        ).one_or_none()
        row = None if claimed is None else self.find(session, claimed[0])
        if claimed is None or row is None:
            return None
        session.expunge(row)
        return row, claimed[1]


def erase_account(session: Session, account_id: UUID, *own: str) -> None:
    """Everything of the account; what is in hand at this moment is settled all the same, and leads nowhere.

    :param own: the channel's own tables that hold something of an account.
    """
    suspensions.close(session, account_id)
    in_hand = "DELETE FROM claims WHERE position(convert_to(:account, 'UTF8') IN body) > 0"
    changed(session, in_hand, account=str(account_id))
    for table in (*own, *_OF_ACCOUNT):
        changed(session, f"DELETE FROM {table} WHERE account_id = :account", account=account_id)
