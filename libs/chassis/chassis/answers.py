"""Errors as whoever asked is told of them: only the kinds of the contracts are known at the other end."""

from __future__ import annotations

from chassis.database import Fault, fault_of, is_full, may_be_committed
from contracts.errors import KINDS, Unavailable, WiciError

# A server that is started again recovers in seconds.
AGAIN_SECONDS = 5


def as_told(error: BaseException) -> BaseException:
    """The error by its kind in the contracts; of a database that is away or full, that it is worth asking again.

    A process has kinds of its own (`chassis.broker.PublishFailed`), which nobody else could rebuild. A database that
    was lost before the commit has done nothing. One that was lost between the commit and its answer may have, as with a
    call that was not answered in time: that is not worth asking again, for it may happen twice. What is neither stays
    as it is: nobody foresaw it.
    """
    if isinstance(error, WiciError):
        kind = next((each for each in type(error).__mro__ if KINDS.get(each.__name__) is each), None)
        if kind is None or type(error) is kind:
            return error
        return kind(error.code, error.detail, error.extra, error.errors)
    if may_be_committed(error):
        return Unavailable("database.unanswered", "The database was lost before it said that it is done; look first.")
    if is_full(error):
        return Unavailable("database.full", "The database has no room left.", {"retry_after": AGAIN_SECONDS})
    if fault_of(error) is Fault.SERVER:
        return Unavailable("database.unavailable", "The database does not answer.", {"retry_after": AGAIN_SECONDS})
    return error
