"""`python -m campaigns.pictures`: any number may run; without a browser it has nothing to do."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from uuid import UUID

from campaigns.config import PicturesConfig
from campaigns.pictures import browser
from campaigns.usecases import pictures
from chassis import seals
from chassis.logs import get_logger
from chassis.process import Process, boot
from chassis.rpc_client import RpcClient

POOL_SIZE = 2  # connections (contracts.connections)
REST_SECONDS, AGAIN_SECONDS, NO_BROWSER_SECONDS = 5.0, 300.0, 3600.0

log = get_logger()


def main(process: Process[PicturesConfig]) -> None:
    executable = shutil.which(process.config.browser) if process.config.browser else None
    if executable is None:
        log.info("no_browser", setting="CAMPAIGNS_BROWSER")
        process.stop.wait()
        return
    call = RpcClient(process.broker, seals.passed_on).call
    pages = Pages(executable)
    last: UUID | None = None
    while not process.stop.is_set():
        rest = REST_SECONDS
        try:
            last = pictures.make_next(process.database, call, pages.picture, now=datetime.now(UTC), after=last)
        except pictures.NoBrowser:
            log.warning("browser_unusable", setting="CAMPAIGNS_BROWSER")
            last, rest = None, pages.rest
        except Exception as error:
            # The database is away: what was claimed is claimed again.
            log.warning("pictures_fail", error=error)
            last = None
        if last is None:
            process.stop.wait(rest)


class Pages:
    """Pages as pictures. One that has worked fails as a whole where the machine is too busy for it, for minutes."""

    def __init__(self, executable: str) -> None:
        self._executable = executable
        self._in_vain = 1  # in a row: it has not worked yet

    def picture(self, html: str) -> bytes:
        """:raises NoBrowser: no page has a picture here. :raises browser.BrowserFailed: this one has none."""
        try:
            png = browser.picture_of(self._executable, html)
        except browser.BrowserFailed:
            if not browser.is_usable(self._executable):
                self._in_vain += 1
                raise pictures.NoBrowser from None
            self._in_vain = 0
            raise
        self._in_vain = 0
        return png

    @property
    def rest(self) -> float:
        """Seconds until it is worth another try, where no page has a picture."""
        return NO_BROWSER_SECONDS if self._in_vain > 1 else AGAIN_SECONDS


if __name__ == "__main__":
    boot(main, PicturesConfig, service="campaigns", name="pictures", pool_size=POOL_SIZE)
