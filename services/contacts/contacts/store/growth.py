"""How many contacts and archived addresses came in some stretches of time: ids begin with the moment of their making.

So each stretch is a range of the index that its table has for the account, and no row is read. A list that is imported
has the moment at which its import began.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_COUNT = text(
    "SELECT (SELECT count(*) FROM contacts c WHERE c.account_id = :account AND c.id >= s.first AND c.id < s.after),"
    " (SELECT count(*) FROM archive a WHERE a.account_id = :account AND a.id >= s.first AND a.id < s.after)"
    " FROM unnest(CAST(:firsts AS uuid[]), CAST(:afters AS uuid[])) WITH ORDINALITY AS s (first, after, n) ORDER BY s.n"
)


def count(session: Session, *, account_id: UUID, stretches: Sequence[tuple[UUID, UUID]]) -> list[tuple[int, int]]:
    """Contacts and archived addresses of each stretch, in their order.

    :param stretches: the least id, and the least that comes after it.
    """
    bound = {"firsts": [first for first, _ in stretches], "afters": [after for _, after in stretches]}
    return [(added, archived) for added, archived in session.execute(_COUNT, {"account": account_id, **bound})]
