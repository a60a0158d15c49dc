"""What may wait, in number and in octets: of all, and of each account a share."""

from __future__ import annotations

from uuid import UUID

SHARE = 4  # one account has at most a quarter


class Room:
    """`take` what begins to wait, `give` it back when it is answered.

    :param most: how many may wait. :param octets: how many they may have together.
    """

    def __init__(self, most: int, octets: int) -> None:
        self._most, self._most_octets = most, octets
        self._count = self._octets = 0
        self._of_account: dict[int, tuple[int, int]] = {}  # by the id's number: a UUID is hashed by Python

    def has(self, account_id: UUID, octets: int) -> bool:
        count, held = self._of_account.get(account_id.int, (0, 0))
        return (
            self._count < self._most
            and self._octets + octets <= self._most_octets
            and count < self._most // SHARE
            and held + octets <= self._most_octets // SHARE
        )

    def take(self, account_id: UUID, octets: int) -> None:
        self._add(account_id, 1, octets)

    def give(self, account_id: UUID, octets: int) -> None:
        self._add(account_id, -1, -octets)

    def _add(self, account_id: UUID, one: int, octets: int) -> None:
        self._count += one
        self._octets += octets
        count, held = self._of_account.get(account_id.int, (0, 0))
        if count + one:
            self._of_account[account_id.int] = count + one, held + octets
        else:
            del self._of_account[account_id.int]
