"""The contents that an outbound process has in hand, compiled once for all batches that name them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from channel.batches import Content, Header, UnknownContent
from chassis.database import Fault, fault_of
from chassis.logs import get_logger

MOST_KEPT = 1_000
AGAIN_SECONDS = 1.0

log = get_logger()


class Contents:
    """On the loop's thread.

    :param load: a content by its hash, on a thread: None where there is none.
    :param own: the content that came with a batch.
    """

    def __init__(
        self, load: Callable[[str], Content | None], own: Callable[[Header], Content | None] = lambda _header: None
    ) -> None:
        self._load, self._own = load, own
        self._kept: dict[str, Content] = {}

    def in_hand(self, header: Header) -> Content | None:
        """The batch's content where it is loaded already and the batch's account's, or came along."""
        if header.content is not None:
            return self._compiled(header)
        content = self._kept.get(header.content_hash)
        return content if content is not None and content.account_id == header.account_id else None

    def _compiled(self, header: Header) -> Content | None:
        try:
            return self._own(header)
        except (ValueError, KeyError, TypeError) as error:  # then it is looked for, as one that did not come along
            log.error("content_broken", content_hash=header.content_hash, error=type(error).__name__)
            return None

    async def of(self, header: Header) -> Content:
        """The batch's content; `UnknownContent` where nobody kept it, or it is another account's."""
        content = await self._loaded(header.content_hash)
        if content is None or content.account_id != header.account_id:
            log.error("content_unknown", batch_id=header.batch_id, content_hash=header.content_hash)
            return UnknownContent(header.account_id)
        return content

    async def _loaded(self, content_hash: str) -> Content | None:
        """From the cache or the database; waits for the database as long as it takes."""
        while content_hash not in self._kept:
            try:
                found = await asyncio.get_running_loop().run_in_executor(None, self._load, content_hash)
            except ValueError as error:
                log.error("content_broken", content_hash=content_hash, error=error)
                return None
            except Exception as error:
                log.warning("content_not_loaded", error=error)
                if fault_of(error) is Fault.DATA:
                    return None
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if found is None:
                return None
            if len(self._kept) > MOST_KEPT:
                self._kept.clear()
            self._kept[content_hash] = found
        return self._kept[content_hash]
