"""Many contacts in one request: each judged by itself, in their order, and written with one statement of a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts import exceptions
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as store
from contacts.usecases import consents, people
from contacts.usecases.account_terms import AccountTerms
from contacts.usecases.contact_input import columns_of
from contacts.usecases.people import ADDRESSES
from contacts.usecases.views import View
from contracts.errors import WiciError
from contracts.rpc import Actor

Row = dict[str, Any]


def upsert_many(
    session: Session, *, actor: Actor, now: datetime, terms: AccountTerms, merge_by: str, contacts: list[dict[str, Any]]
) -> View:
    """Add or change up to 1,000 contacts: one that is wrong does not stop the others."""
    account = people.account_for_adding(session, account_of(actor), terms)
    return upsert_into(session, account, now=now, merge_by=merge_by, contacts=contacts)


def upsert_into(
    session: Session, account: Mapping[Any, Any], *, now: datetime, merge_by: str, contacts: Sequence[dict[str, Any]]
) -> View:
    """:param account: its row, locked."""
    account_id = account["account_id"]
    custom = field_store.all_of(session, account_id=account_id)
    region = account["default_region"]
    read = [_or_error(columns_of, request, custom, region, now) for request in contacts]
    batch = Batch(session, account, merge_by, now)
    batch.read([columns for columns in read if not isinstance(columns, WiciError)], contacts)
    items = []
    for index, (request, columns) in enumerate(zip(contacts, read, strict=True)):
        outcome = columns if isinstance(columns, WiciError) else _or_error(batch.take, request, columns)
        items.append(_item(index, outcome))
    batch.write()
    return {"items": items}


def _or_error(step: Any, *arguments: Any) -> Any:
    try:
        return step(*arguments)
    except WiciError as error:
        return error


def _item(index: int, outcome: WiciError | tuple[UUID, str]) -> View:
    if isinstance(outcome, WiciError):
        first = outcome.errors[0] if outcome.errors else {"code": outcome.code, "detail": outcome.detail}
        return {"index": index, "outcome": "rejected", "id": None, "code": first["code"], "detail": first["detail"]}
    contact_id, became = outcome
    return {"index": index, "outcome": became, "id": contact_id, "code": None, "detail": None}


class Batch:
    """What the base holds of a request's addresses, and what the request makes of it.

    A contact changes at most once between two writings, and no address changes hands between them: what the triggers
    keep of each step is complete, and it does not matter in which order a statement comes to its rows.

    :param account: its row, locked: nobody else adds or changes contacts meanwhile.
    """

    def __init__(self, session: Session, account: Mapping[Any, Any], merge_by: str, now: datetime) -> None:
        self._session, self._account_id, self._now = session, account["account_id"], now
        self._limit, self._contacts = account["contact_limit"], account["contacts"]
        self._merge_by = merge_by
        self._order = (merge_by, *(name for name in ADDRESSES if name != merge_by))
        self._row_by_address: dict[tuple[str, str], Row] = {}
        self._erased: set[str] = set()
        self._groups: set[UUID] = set()
        self._restored: list[str] = []
        self._clear()

    def _clear(self) -> None:
        self._added: dict[UUID, Row] = {}
        self._changed: dict[UUID, Row] = {}
        self._given_up: set[tuple[str, str]] = set()
        self._members: dict[UUID, list[UUID]] = defaultdict(list)

    def read(self, all_columns: Sequence[Mapping[str, Any]], requests: Iterable[Mapping[str, Any]]) -> None:
        """Whoever has one of the addresses, which of them were erased, and which groups there are."""
        addresses: set[str] = set()
        for name in ADDRESSES:
            values = sorted({columns[name] for columns in all_columns if columns.get(name)})
            if name != "external_id":
                addresses.update(values)
            for row in store.find_many(
                self._session, account_id=self._account_id, column=name, values=values, lock=True
            ):
                self._note(self._row_by_address.get(("id", str(row["id"]))) or dict(row))
        self._erased = set(store.erased(self._session, account_id=self._account_id, addresses=sorted(addresses)))
        group_ids = {group_id for request in requests for group_id in request.get("group_ids") or ()}
        self._groups = group_store.known(self._session, account_id=self._account_id, group_ids=sorted(group_ids))

    def _note(self, row: Row) -> None:
        self._row_by_address["id", str(row["id"])] = row
        for name in ADDRESSES:
            if row[name]:
                self._row_by_address[name, row[name]] = row

    def take(self, request: Mapping[str, Any], columns: dict[str, Any]) -> tuple[UUID, str]:
        """Judge one contact; returns its id, and whether it is `added`, `updated` or `unchanged`.

        :raises WiciError: it is refused, and changes nothing.
        """
        held = [columns[name] for name in ("email", "phone") if columns.get(name)]
        is_back = request.get("restore_erased", False)
        if not is_back and self._erased.intersection(held):
            raise exceptions.address_erased()
        row = self._match(columns)
        changes = self._changes(row, columns)
        group_ids = request.get("group_ids") or []
        exceptions.ensure_known_groups(group_ids, self._groups)
        if is_back:
            self._restored += self._erased.intersection(held)
            self._erased.difference_update(held)
        contact_id, outcome = self._apply(row, changes)
        for group_id in set(group_ids):
            self._members[group_id].append(contact_id)
        return contact_id, outcome

    def _match(self, columns: Mapping[str, Any]) -> Row | None:
        """Who this is: by the chosen address, or by another one of somebody who has none of the chosen kind."""
        for name in self._order:
            row = self._row_by_address.get((name, columns.get(name) or ""))
            if row is not None and (
                name == self._merge_by or not columns.get(self._merge_by) or row[self._merge_by] is None
            ):
                return row
        return None

    def _changes(self, row: Row | None, columns: dict[str, Any]) -> dict[str, Any]:
        if row is not None:
            consents.ensure_not_refused_since(row, columns, self._now)
        for name in ADDRESSES:
            holder = self._row_by_address.get((name, columns.get(name) or ""))
            if holder is not None and holder is not row:
                raise exceptions.contact_exists(name, holder["id"])
        if row is None:
            people.ensure_may_be_added(columns, contacts=self._contacts, limit=self._limit)
            return columns
        return people.differing(row, columns)

    def _apply(self, row: Row | None, changes: dict[str, Any]) -> tuple[UUID, str]:
        if row is not None and not changes:
            return row["id"], "unchanged"
        taken = {(name, changes[name]) for name in ADDRESSES if changes.get(name)}
        if taken & self._given_up or (row is not None and (row["id"] in self._added or row["id"] in self._changed)):
            self.write()
        if row is None:
            empty: Row = {**dict.fromkeys(store.COLUMNS), "custom": {}}
            row = {**empty, **changes, "id": new_id(), "account_id": self._account_id}
            self._added[row["id"]] = row
            self._contacts += 1
            outcome = "added"
        else:
            for name in ADDRESSES:
                if name in changes and row[name]:
                    self._given_up.add((name, row[name]))
                    del self._row_by_address[name, row[name]]
            row.update(changes)
            self._changed[row["id"]] = row
            outcome = "updated"
        self._note(row)
        return row["id"], outcome

    def write(self) -> None:
        """Write what was taken since the last time."""
        if self._restored:
            store.forget_erasure(self._session, account_id=self._account_id, addresses=self._restored)
            self._restored = []
        if self._changed:
            rows = [_columns(row) for row in self._changed.values()]
            store.update_many(self._session, account_id=self._account_id, rows=rows)
        if self._added:
            store.insert_many(self._session, [_columns(row) for row in self._added.values()])
        for group_id, contact_ids in sorted(self._members.items()):
            group_store.add_members(
                self._session, account_id=self._account_id, group_id=group_id, contact_ids=contact_ids
            )
        self._clear()


def _columns(row: Row) -> Row:
    return {name: row[name] for name in ("id", "account_id", *store.COLUMNS)}
