"""What the database refuses, told by the constraint that refused it."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def constraint_of(error: IntegrityError) -> str | None:
    """The constraint or unique index that refused, by its name; None for a NOT NULL."""
    name: str | None = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return name


def flush_unless_taken(session: Session, *constraints: str) -> bool:
    """Write what the session holds; False where one of these constraints says that it is there already.

    After False the transaction can only be rolled back. Any other refusal is a fault of ours, and is raised as such.
    """
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) not in constraints:
            raise
        return False
    return True
