"""Composing in processes of its own: rendering and signing take two thirds of a message's time, and one Python
process has one core for everything but RSA itself. On threads a sender reached 1,079 a second with a core idle.

A chunk goes to a worker whole and comes back whole. A worker that dies costs nothing: its chunk is composed again, for
composing has no effect. A chunk whose worker dies again is halved until the message that kills workers stands alone
and is refused; a content that has had a few of those is composed no more. So what was composed comes to an end, and
meanwhile costs an account one worker at most.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Sequence

from chassis import logs
from chassis.config import load
from chassis.confined import Confined, Exceeded, give_up
from chassis.database import Database, make_engine
from chassis.secrets import Vault
from email_gateway.batches import Made, Refusal, ToCompose
from email_gateway.config import OutboundConfig
from email_gateway.content.compose import Links
from email_gateway.content.first_render import TOO_COSTLY
from email_gateway.outbound.composers import Composers

# Of processor time. A mail takes 1 to 5 ms, and the first of a content some more; its rendering is bounded by fuel.
SECONDS, SECONDS_A_MESSAGE = 2.0, 0.05
MOST_POISONED = 3  # messages of one content; one is found in half a minute
KEEP_COUNT = 1_000

log = logs.get_logger()
_composers: Composers | None = None


def composers_of(config: OutboundConfig, database: Database) -> Composers:
    """What loads contents and keys and composes with them."""
    links = Links(public_url=config.public_url.rstrip("/"), key=config.link_key, return_path_key=config.return_path_key)
    return Composers(database, Vault(config.secret_keys), links)


class ComposingProcesses:
    """A pool of workers; thread-safe."""

    def __init__(self, workers: int) -> None:
        self._workers = Confined(f"{__name__}:compose_here", processes=workers)
        self._poisoned: Counter[str] = Counter()  # messages by content
        self._lock = threading.Lock()

    def compose(self, messages: Sequence[ToCompose], at: int) -> list[Made]:
        """The bytes of each message, or why there are none; blocks until workers have done it.

        :raises sqlalchemy.exc.SQLAlchemyError: the database does not answer; trying again later is right.
        """
        if self._poisoned_of(messages[0]):
            return self._composed_with_care(messages, at)
        try:
            return self._composed(messages, at)
        except Exceeded as exceeded:
            if exceeded.reason == "time":
                return self._halved(messages, at)  # it would take as long again
        return self._composed_with_care(messages, at)

    def close(self) -> None:
        self._workers.close()

    def _composed(self, messages: Sequence[ToCompose], at: int, owner: object = None) -> list[Made]:
        seconds = SECONDS + SECONDS_A_MESSAGE * len(messages)
        made: list[Made] = self._workers.call(messages, at, seconds=seconds, owner=owner)
        return made

    def _composed_with_care(self, messages: Sequence[ToCompose], at: int) -> list[Made]:
        if self._poisoned_of(messages[0]) >= MOST_POISONED:
            return [self._refusal("the content was too costly for others")] * len(messages)
        try:
            return self._composed(messages, at, messages[0].account_id)
        except Exceeded as exceeded:
            if len(messages) > 1:
                return self._halved(messages, at)
            log.error("message_poisoned", message_id=str(messages[0].message_id), reason=exceeded.reason)
            self._note_poisoned(messages[0])
            return [self._refusal(f"composing it took too much ({exceeded.reason})")]

    def _halved(self, messages: Sequence[ToCompose], at: int) -> list[Made]:
        middle = len(messages) // 2
        halves = [half for half in (messages[:middle], messages[middle:]) if half]
        return [made for half in halves for made in self._composed_with_care(half, at)]

    @staticmethod
    def _refusal(detail: str) -> Refusal:
        return Refusal(TOO_COSTLY, detail)

    def _poisoned_of(self, message: ToCompose) -> int:
        """How many messages of this one's content have killed a worker."""
        with self._lock:
            return self._poisoned[message.content_hash]

    def _note_poisoned(self, message: ToCompose) -> None:
        with self._lock:
            if len(self._poisoned) > KEEP_COUNT:
                self._poisoned.clear()
            self._poisoned[message.content_hash] += 1


def compose_here(messages: Sequence[ToCompose], at: int) -> list[Made]:
    """In a worker, which has a database connection of its own."""
    global _composers
    if _composers is None:
        logs.configure("email_gateway", "composer")
        config = load(OutboundConfig, os.environ)
        database = Database(make_engine(config.database_url, pool_size=1, application_name="email-composer"))
        _composers = composers_of(config, database)
    try:
        return _composers.compose(messages, at)
    except MemoryError:
        give_up()
