"""The ids of messages by value: what a carrier answers with and what its receipts name may be written differently.

SMPP 3.4 leaves the form open (section 5.2.23): some carriers answer in hex and report in decimal, some pad with zeros,
some change the case.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable

LEARNS_FROM = 100  # receipts
REMEMBERED = 10_000  # ids of messages that no receipt has come for, while it learns
# Seconds: then the majority of fewer receipts than that decides. A parked receipt is looked at 1, 3, 7 ... 255, 511
# and 1,023 seconds after it came (`store.parked_receipts`): with more than 511, it would wait for twice as long.
DECIDES_WITHIN = 500.0
UNDECIDED = "?"
_HEX = re.compile(r"[0-9A-Fa-f]+\Z").match


def canonical(identifier: str) -> str:
    """One spelling of a number: without leading zeros, hex digits in lower case. What is no number is left alone: of
    `aB` and `AB` in letters beyond F nobody knows whether they are one."""
    identifier = identifier.strip()
    return identifier.lower().lstrip("0") or "0" if _HEX(identifier) else identifier


def earlier_spellings(identifier: str, spelled: str) -> set[str]:
    """How rows of before this spelling may have it: as the carrier wrote it, or in capitals. Never another number: the
    hex that a receipt is written in may read as the decimal id of another message.

    :param identifier: in its one spelling. :param spelled: as the receipt has it.
    """
    return {each for each in (spelled, identifier.upper()) if canonical(each) == identifier} - {identifier}


def _hex_to_decimal(identifier: str) -> str:
    return str(int(identifier, 16)) if _HEX(identifier) else identifier


def _decimal_to_hex(identifier: str) -> str:
    return f"{int(identifier):x}" if identifier.isdecimal() and identifier.isascii() else identifier


FORMS: dict[str, Callable[[str], str]] = {
    "same": lambda identifier: identifier,
    "hex_to_decimal": _hex_to_decimal,
    "decimal_to_hex": _decimal_to_hex,
}


class MessageIds:
    """One carrier's ids in their one spelling.

    :param form: a key of `FORMS`, or `auto`: found out from the receipts of messages that this process has sent. Until
        then the id of a receipt is `UNDECIDED` before itself, which finds no message, so that it waits: where ids
        follow one another closely, a guess would find another one's.
    """

    def __init__(self, form: str) -> None:
        self.form = None if form == "auto" else form
        self._votes: Counter[str] = Counter()
        self._sent: dict[str, str] = {}  # whom the message was for, by its id
        self._order: deque[str] = deque()

    def of_answer(self, identifier: str, address: str = "") -> str:
        """:param address: E.164 of the phone that the message is for."""
        identifier = canonical(identifier)
        if self.form is None and identifier not in self._sent:
            self._sent[identifier] = address
            self._order.append(identifier)
            if len(self._order) > REMEMBERED:
                self._sent.pop(self._order.popleft(), None)
        return identifier

    def of_receipt(self, identifier: str, typed_by: str | None = None) -> str:
        """:param typed_by: E.164 of the phone that may have written the receipt itself: of others' messages it teaches
        nothing."""
        identifier = canonical(identifier)
        if self.form is None:
            self._vote(identifier, typed_by)
        return FORMS[self.form](identifier) if self.form else UNDECIDED + identifier

    def decided(self, identifier: str, waited: float) -> str:
        """The id of a receipt that has waited so many seconds for a decision."""
        if not identifier.startswith(UNDECIDED):
            return identifier
        form = self.form
        if form is None and waited >= DECIDES_WITHIN:
            form = next((name for name, _ in self._votes.most_common(1)), "same")
        return FORMS[form](identifier[1:]) if form else identifier

    def _vote(self, identifier: str, typed_by: str | None) -> None:
        made = {name: form(identifier) for name, form in FORMS.items()}
        if identifier.isdecimal() and len(set(made.values())) == 1:
            return  # one digit reads the same in all forms
        fitting = [
            name
            for name, value in made.items()
            if value in self._sent
            and (name == "same" or value != identifier)
            and (typed_by is None or self._sent[value] == typed_by)
        ]
        if len(fitting) != 1:
            return
        self._votes.update(fitting)
        (form, votes), *others = self._votes.most_common()
        if votes >= LEARNS_FROM and not any(other * 2 > votes for _, other in others):
            self.form = form
            self._sent.clear()
            self._order.clear()
