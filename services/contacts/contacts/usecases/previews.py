"""Previews of imports: the first rows are imported, what became of them is read, and the import is rolled back."""

from __future__ import annotations

import sys
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.domain.columns import CONSENT_FIELDS, MAPPABLE
from contacts.domain.dates import DateOrder
from contacts.domain.encodings import PUBLIC_NAMES
from contacts.domain.rows import BadValues, Plan, Precedence, Reader
from contacts.domain.values import FieldType, typed
from contacts.store import adding, archive, merging, refusals, staging
from contacts.store import fields as field_store
from contacts.store.audiences import ADDRESS
from contacts.store.merge_sql import Merge
from contacts.usecases.imports import ensure_may, open_upload, upload_of
from contacts.usecases.views import View
from contracts.contacts import import_reasons
from contracts.rpc import Actor

ROWS = 20
SAMPLES, SAMPLE_LENGTH = 5, 100


def preview(
    session: Session, *, actor: Actor, now: datetime, upload_id: UUID, mapping: Any, options: dict[str, Any]
) -> View:
    """What the columns are taken for, and what would happen to each of the first rows, were the file no longer."""
    account_id = account_of(actor)
    ensure_may(actor, options)
    upload = upload_of(session, account_id=account_id, upload_id=upload_id)
    source, plan, guesses, samples = open_upload(
        session, account_id=account_id, upload=upload, mapping=mapping, options=options, now=now
    )
    dialect = source.dialect
    rows = _archived_rows if options["archive"] else _rows
    _, header_row, _ = source.table()
    orders = {at: plan.date_orders.get(name, DateOrder.DAY_FIRST) for at, name in plan.date_columns.items()}
    sheets = [] if dialect else [sheet.name for sheet in source.workbook().sheets if not sheet.hidden]
    return {
        "upload_id": upload_id,
        "filename": upload["filename"],
        "encoding": PUBLIC_NAMES.get(dialect.encoding) if dialect else None,
        "separator": dialect.separator if dialect else None,
        "sheets": sheets,
        "sheet": source.sheet or (source.workbook().first.name if dialect is None else None),
        "header_row": header_row,
        "columns": [
            {**vars(one), "samples": _cells(samples, one.column), "date_order": orders.get(one.column)}
            for one in guesses
        ],
        "fields_": _mappable(session, account_id),
        "rows": rows(session, account_id, plan, options, samples[:ROWS], header_row + 1),
    }


def _mappable(session: Session, account_id: UUID) -> list[View]:
    """What a column may be taken for."""
    built_in = [{"field": name, "label": name, "is_custom": False} for name in MAPPABLE]
    own = field_store.all_of(session, account_id=account_id)
    return [*built_in, *({"field": row["key"], "label": row["label"], "is_custom": True} for row in own)]


def _cells(samples: list[list[str]], column: int) -> list[str]:
    """The first cells of a column that hold something, shortened."""
    filled = (row[column].strip()[:SAMPLE_LENGTH] for row in samples if column < len(row) and row[column].strip())
    return list(islice(filled, SAMPLES))


def _rows(
    session: Session, account_id: UUID, plan: Plan, options: dict[str, Any], samples: list[list[str]], first: int
) -> list[View]:
    reader = Reader(plan)
    staged = reader.read(samples, first)
    values = staged.rows(reader.names)
    slots = {row["key"]: row["slot"] for row in field_store.all_of(session, account_id=account_id)}
    merge = Merge(
        import_id=new_id(),
        account_id=account_id,
        keys=plan.keys,
        slots=[(slots[key], kind) for key, kind in plan.custom.items()],
        consents=plan.consents,
        groups=(),
        precedence=Precedence(options["precedence"]),
        bad_values=plan.bad_values,
    )
    trial = session.begin_nested()
    staging.create(session, merge.import_id, len(plan.custom), rest=True)
    if staged.numbers:
        staging.copy(session, merge.import_id, reader.staged_names, staged)
    refusals.add_problems(session, merge.import_id, [(one.row, one.rejected, one.code) for one in staged.problems])
    outcomes, problems = _tried(session, merge)
    trial.rollback()
    return [
        {
            "number": number,
            "outcome": outcomes.get(number, "rejected"),
            "values": {name: _shown(plan, name, value) for name, value in values.get(number, {}).items()},
            "problems": problems.get(number, []),
            "reasons": [import_reasons.of(code) for code in problems.get(number, [])],
        }
        for number in sorted({*outcomes, *problems})
    ]


def _archived_rows(
    session: Session, account_id: UUID, plan: Plan, options: dict[str, Any], samples: list[list[str]], first: int
) -> list[View]:
    """What would go to the archive: `unchanged` are those whose addresses are there."""
    reader = Reader(plan.of_addresses())
    staged = reader.read(samples, first)
    people = staged.rows(reader.names)
    known: set[str] = set()
    for channel, field in ADDRESS.items():
        addresses = [one[field] for one in people.values() if field in one]
        present = archive.present(session, account_id=account_id, channel=channel, addresses=addresses)
        known.update(row["address"] for row in present)
    codes: dict[int, list[str]] = {}
    for problem in staged.problems:
        codes.setdefault(problem.row, []).append(problem.code)
    rows = []
    for number in sorted({*people, *codes}):
        values = people.get(number, {})
        outcome = "rejected" if not values else "unchanged" if known.issuperset(values.values()) else "added"
        known.update(values.values())
        found = codes.get(number, [])
        rows.append(
            {
                "number": number,
                "outcome": outcome,
                "values": values,
                "problems": found,
                "reasons": [import_reasons.of(code) for code in found],
            }
        )
    return rows


def _tried(session: Session, merge: Merge) -> tuple[dict[int, str], dict[int, list[str]]]:
    """Outcomes and problems by the number of the row, as the import itself would have them."""
    refusals.refuse(
        session,
        merge.import_id,
        merge.account_id,
        merge.keys,
        reject=merge.bad_values is BadValues.REJECT,
        lanes=[0],
        size=ROWS,
        after="",
    )
    adding.set_aside(session, merge, 0, sys.maxsize)
    outcome_by_key: dict[str, str] = {}
    merging.merge_slice(session, merge, "", ROWS, outcome_by_key)
    outcomes, seen = {}, set()
    for number, key in staging.keys_of_rest(session, merge.import_id):
        outcome = outcome_by_key[key]
        outcomes[number] = "merged" if key in seen and outcome != "rejected" else outcome
        seen.add(key)
    problems = refusals.problems_after(session, merge.import_id, 0, ROWS)
    return outcomes, {number: codes for number, _, codes in problems}


def _shown(plan: Plan, name: str, value: str) -> Any:
    """A staged value as JSON shows it: booleans and numbers as such."""
    kind = FieldType.BOOLEAN if name in CONSENT_FIELDS else plan.custom.get(name)
    if kind is FieldType.BOOLEAN:
        return value == "t"
    return typed(value, kind) if kind is FieldType.NUMBER else value
