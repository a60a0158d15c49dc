"""A TCP proxy in front of the broker, for tests that cut connections."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """A TCP proxy in front of the broker whose connections can be cut, as a network does."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            self.pairs.append((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(65536):
                sink.sendall(chunk)
        except OSError:
            pass
        sink.close()

    def cut(self) -> None:
        pairs, self.pairs = self.pairs, []
        for end in (end for pair in pairs for end in pair):
            with suppress(OSError):  # the other pump may have closed it by now
                end.shutdown(socket.SHUT_RDWR)
