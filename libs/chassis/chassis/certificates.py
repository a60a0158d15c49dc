"""The certificate of a listening port, read again when its files change: those of today live for weeks.

certificates = Certificates(Path("chain.pem"), Path("key.pem"))
process.every(LOOK_SECONDS, certificates.look, "certificate")
… certificates.current() …                                       # for each new connection
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from chassis.logs import get_logger

LOOK_SECONDS = 2.0

log = get_logger()


class Certificates:
    """Connections that are open keep the one that they began with.

    :param certificate: path of a PEM file with the chain, and with the key where `key` is none.
    :raises OSError: the files cannot be read, or do not fit; `ssl.SSLError` is one.
    """

    def __init__(self, certificate: Path, key: Path | None = None) -> None:
        self._certificate, self._key = certificate, key
        self._clients = ""
        self._seen = self._stamps()
        self._context = self._load()
        self._is_told = False

    def current(self) -> ssl.SSLContext:
        return self._context

    def look(self) -> bool:
        """Read the files again if they have changed; files that do not fit (half of them written) change nothing.

        What is wrong with them is told once, and not at each look.
        """
        try:
            stamps = self._stamps()
            if stamps == self._seen:
                return False
            self._context = self._load()
            self._seen = stamps
        except OSError as error:
            if not self._is_told:
                log.error("certificate_not_loaded", error=error)
            self._is_told = True
            return False
        self._is_told = False
        log.info("certificate_loaded")
        return True

    def ask_clients(self, certificates: str) -> None:
        """Ask who connects from now on for one of these (PEM; empty: for none). Who has none is let in: whether it
        needs one is seen when it has said its name.

        :raises OSError: OpenSSL does not take them; then it is as before.
        """
        before, self._clients = self._clients, certificates
        try:
            self._context = self._load()
        except OSError:
            self._clients = before
            raise

    def _stamps(self) -> tuple[tuple[int, int, int], ...]:
        found = [os.stat(path) for path in (self._certificate, self._key) if path is not None]
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._certificate, self._key)
        if self._clients:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a peer's own is an authority of nothing but itself
            context.load_verify_locations(cadata=self._clients)
        return context
