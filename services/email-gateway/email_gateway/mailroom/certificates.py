"""The certificate of STARTTLS, read again when its files change: certificates of today live for weeks."""

from __future__ import annotations

import ssl
from pathlib import Path

from chassis.logs import get_logger

log = get_logger()


class Certificate:
    """:raises OSError, ssl.SSLError: at the start the files cannot be read. Later on the last good ones stay."""

    def __init__(self, chain: str, key: str) -> None:
        self._files = (Path(chain), Path(key))
        self._seen = self._state()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """For a new connection."""
        try:
            state = self._state()
            if state != self._seen:
                self._seen = state  # a broken pair is tried once, not by each connection
                self._context = self._load()
                log.info("certificate_reloaded")
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate_not_reloaded", error=error)
        return self._context

    def _state(self) -> list[tuple[int, int, int]]:
        stats = [path.stat() for path in self._files]
        return [(stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats]

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._files)
        return context
