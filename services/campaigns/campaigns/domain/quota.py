"""Units of quota that a campaign takes, where messages of one content differ in them (parts of an SMS)."""

from __future__ import annotations

MARGIN = 1.05  # what is taken by the first says nothing exact of the last


def units_expected(*, taken: int, decided: int, recipients: int, units_each: int = 1) -> int:
    """Units in all if those to come take as many each as those before, and a little more; never less than one each.

    :param taken: by those who have been decided on so far, `decided` of all `recipients`.
    :param units_each: of the sample, by which it goes while nobody has been decided on.
    """
    to_come = max(0, recipients - decided)
    if not decided:
        return taken + to_come * max(1, units_each)
    each = max(1.0, taken / decided)
    return taken + max(to_come, round(to_come * each * MARGIN))


def why_short_of_units(*, taken: int, submitted: int, why: str) -> str:
    """For a campaign whose messages are longer than the sample that its quota was reserved by.

    :param why: no more could be reserved.
    """
    return (
        f"{submitted} messages took {taken} units of the quota, more than was reserved for them, and no more can be"
        f" reserved for those to come: {why} Resume the campaign when there is quota for it, or cancel it."
    )
