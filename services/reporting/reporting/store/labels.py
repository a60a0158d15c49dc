"""Labels of messages: what their customer calls them. Exact, so that a page costs as many rows as it looks at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from reporting.domain.labels import Label
from reporting.store import messages
from reporting.store.messages import Filter, Row

LOOKED_AT = 5_000  # messages of one label in a page, where few of them are what else is asked for

_ADD = (
    "INSERT INTO labels (message_id, account_id, kind, label)"
    " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::text[]) ON CONFLICT DO NOTHING"
)
# From the latest of the label on: the index's own order.
_NEWEST = text(
    "SELECT l.message_id FROM labels l WHERE l.account_id = :account AND l.kind = :kind AND l.label = :label"
    " AND l.message_id BETWEEN :least AND :greatest ORDER BY l.message_id DESC LIMIT :limit"
)
_HAS = (
    " AND EXISTS (SELECT 1 FROM labels o WHERE o.account_id = :account AND o.kind = :kind{n} AND o.label = :label{n}"
    " AND o.message_id = m.message_id)"
)


@dataclass(frozen=True)
class Labelled:
    """:param looked_to: the last message that was looked at, where there may be more."""

    rows: list[Row]
    looked_to: UUID | None


def add(session: Session, labels: Iterable[tuple[str, str, Label]]) -> None:
    """:param labels: message, account and label."""
    rows = sorted({(message_id, account_id, int(each.kind), each.text) for message_id, account_id, each in labels})
    if rows:
        cursor_of(session).execute(_ADD, columns(rows, 4))


def find(session: Session, by: Filter, labels: Sequence[Label], *, limit: int) -> Labelled:
    """The newest messages that have all these labels, the rarest kind first."""
    first, *others = sorted(labels, key=lambda label: label.kind)
    bound: dict[str, Any] = {"account": by.account_id, "least": by.least, "greatest": by.greatest}
    ids = session.scalars(_NEWEST, {**bound, "kind": int(first.kind), "label": first.text, "limit": LOOKED_AT}).all()
    if not ids:
        return Labelled([], None)
    more = "".join(_HAS.format(n=number) for number in range(len(others)))
    for number, label in enumerate(others):
        bound |= {f"kind{number}": int(label.kind), f"label{number}": label.text}
    rows = messages.among(session, by, ids, more, bound, limit)
    is_all = len(ids) < LOOKED_AT or len(rows) >= limit
    return Labelled(rows, None if is_all else ids[-1])
