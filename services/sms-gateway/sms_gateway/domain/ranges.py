"""SMS pumping: who earns by messages to a range of numbers has somebody's form send codes to many numbers of it.

A range is a number without its last four digits. What is looked at is single messages that are no bulk: of each
account, and of all together, for who pumps may use many forms. The figures are in docs/decisions/0155-sms-pumping.md
and 0208-ranges-of-all-accounts.md.
"""

from __future__ import annotations

import zlib
from array import array
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

EVERYBODY = UUID(int=0)  # in the place of an account, of a range that is looked at over all accounts
TAIL = 4  # digits: a range has ten thousand numbers
WITHIN = timedelta(minutes=10)
MOST = 100  # numbers of a range that one account writes to within that, where an operator has not said otherwise
MOST_OF_ALL, LEAST_ACCOUNTS = 200, 2  # numbers that all accounts write to within that, and of how many accounts
DECIDED_FOR = timedelta(hours=24)  # what an operator has decided holds so long
SUSPECTED, SHARE = 10, 5  # messages of a minute: so many to a range, and one in so many of the account's
SHARE_OF_ALL = 50  # the same, of what all accounts send
_CELLS = 1 << 18
_MINUTE, _MOST_COUNTED = 60.0, 0xFFFF


class RangeState(StrEnum):
    HELD = "held"  # its messages wait
    RELEASED = "released"  # they left, and it is not looked at
    DROPPED = "dropped"  # they were rejected, and so are others


def range_of(address: str) -> str:
    """:param address: E.164."""
    return address[:-TAIL]


class Suspicions:
    """What one process has seen of accounts and ranges within the minute, in half a megabyte however many there are.

    Messages are counted here, and ranges that share a cell together: that makes a suspicion, never a verdict, for which
    the numbers themselves are kept.
    """

    def __init__(self) -> None:
        self._ends_at = 0.0
        self._begin(0.0)

    def _begin(self, now: float) -> None:
        self._ends_at = now + _MINUTE
        self._ranges = array("H", bytes(2 * _CELLS))
        self._accounts: dict[bytes, int] = {}

    def note(self, account: bytes, address: str, now: float, share: int = SHARE) -> bool:
        """Count a message; whether it is one more to a range that has too much of what its account sends.

        :param account: the bytes of its id. :param now: seconds of a clock that only goes on.
        :param share: one in so many is too much.
        """
        if now >= self._ends_at:
            self._begin(now)
        within = zlib.crc32(range_of(address).encode(), zlib.crc32(account)) % _CELLS
        self._ranges[within] = count = min(self._ranges[within] + 1, _MOST_COUNTED)
        self._accounts[account] = of_account = self._accounts.get(account, 0) + 1
        return count >= SUSPECTED and count * share >= min(of_account, _MOST_COUNTED * share)
