"""gunicorn's threaded worker: a request is here before a thread has to do with it, and an answer is sent after.

The event loop (`run`, the main thread) accepts, reads heads and small bodies, sends what a client does not take at once
of its answer, and parts with connections; threads get what will not keep them waiting, and links have threads of their
own. TLS ends before this.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from api_gateway import addresses
from api_gateway.intake import Arrival, BareLineFeed, HeadTooLarge, Lane
from api_gateway.paced import Incoming, NotRead, Outgoing, is_read
from api_gateway.refusals import refusal, status_and_code
from api_gateway.waiting_room import Guest, WaitingRoom
from chassis.ids import new_id
from chassis.logs import bind, get_logger

QUICK_THREADS = 8
LOOKUP_THREADS = 8
STREAM_THREADS = int(os.environ.get("GATEWAY_STREAMS", "16"))
PER_ADDRESS = int(os.environ.get("GATEWAY_ADDRESS_CONNECTIONS", "100"))
# From the first byte of a request to the last of its head and of a small body.
ARRIVAL_SECONDS = float(os.environ.get("GATEWAY_RECEIVE_SECONDS", "10"))
# How long the other side may take to close, after the answer to what was not read to its end.
LINGER_SECONDS = 2.0
LINGER_BYTES = 512 * 1024
SWEEP_SECONDS = 0.25
BUSY_SECONDS = 5
RECEIVE_BYTES = 64 * 1024
# Free places: the one that has waited longest goes before new connections stay outside.
SPARE = 32

log = get_logger()


class Worker(ThreadWorker):
    """Three ways lead a connection to `enqueue_req`, all on the main thread: it is new, it had an answer, or it had one
    and the next request is here already. From there it is a `Guest` until a thread may have it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._room = WaitingRoom(PER_ADDRESS)
        self._lanes: dict[bytes, Lane] = {}
        self._proxies: addresses.Networks = ()
        self._streams = 0
        self._sweep_at = 0.0

    def get_thread_pool(self) -> ThreadPoolExecutor:
        self._pools = {
            Lane.QUICK: ThreadPoolExecutor(QUICK_THREADS, "quick"),
            Lane.LOOKUP: ThreadPoolExecutor(LOOKUP_THREADS, "lookup"),
            Lane.USUAL: super().get_thread_pool(),
            Lane.STREAMED: ThreadPoolExecutor(STREAM_THREADS, "stream"),
        }
        return self._pools[Lane.USUAL]

    def load_wsgi(self) -> None:
        super().load_wsgi()
        extensions = self.wsgi.extensions
        self._proxies = addresses.networks(extensions["wiring"].config.trusted_proxies)
        named = ((route.path.split("/")[1].encode(), route.looks_up) for route in extensions["routes"] if route.quick)
        self._lanes = {name: Lane.LOOKUP if looks_up else Lane.QUICK for name, looks_up in named}

    # --- in

    def enqueue_req(self, conn: Any) -> None:
        # A worker that stops waits little for a next request, as in `_cap_keepalive`.
        seconds = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
        guest = self._enter(conn, seconds, arrival=Arrival(self._lanes))
        for one_too_many in (self._room.one_too_many(guest.subject), self._one_over_all()):
            if one_too_many is not None:
                self._end(one_too_many)
        already_here = conn.parser.unreader.take_buffered() if conn.parser else b""
        if already_here and guest in self._room:
            self._take(guest, already_here)

    def _one_over_all(self) -> Guest | None:
        return self._room.longest_waiting() if self.nr_conns > self.worker_connections - SPARE else None

    def _enter(
        self, conn: Any, seconds: float, *, arrival: Arrival | None = None, answer: Outgoing | None = None
    ) -> Guest:
        conn.sock.setblocking(False)
        guest = self._room.enter(conn, self._subject(conn), seconds, arrival=arrival, answer=answer)
        awaited, then = (selectors.EVENT_WRITE, self._send_rest) if answer else (selectors.EVENT_READ, self._receive)
        self.poller.register(conn.sock, awaited, partial(self._on_ready, guest, then))
        return guest

    def _subject(self, conn: Any) -> str:
        """Who holds a connection: a trusted proxy holds those of many."""
        peer = conn.client[0] if isinstance(conn.client, tuple) else ""
        address = addresses.parse(peer)
        if address is None or addresses.contains(self._proxies, address):
            return ""
        return addresses.neighbourhood(peer)

    def _on_ready(self, guest: Guest, then: Callable[[Guest], None], _sock: Any) -> None:
        try:
            then(guest)
        except Exception as error:  # This is the main loop: it goes on, whatever came.
            log.error("connection_failed", error_type=type(error).__name__, exc_info=error)
            self._end(guest)

    def _receive(self, guest: Guest) -> None:
        try:
            piece = guest.connection.sock.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end(guest)
            return
        if guest.arrival is None:
            guest.thrown_away += len(piece)
            if not piece or guest.thrown_away > LINGER_BYTES:
                self._end(guest)
        elif piece:
            self._take(guest, piece)
        elif guest.arrival.has_head:
            self._hand_over(guest, Lane.STREAMED)  # Cut short: whoever reads the body will say so.
        else:
            self._end(guest)

    def _take(self, guest: Guest, piece: bytes) -> None:
        arrival = guest.arrival
        assert arrival is not None
        if not guest.has_begun:
            guest.has_begun = True
            guest.ends = self._room.clock() + ARRIVAL_SECONDS
        try:
            arrival.add(piece)
        except (HeadTooLarge, BareLineFeed) as error:
            self._refuse(guest, *status_and_code(error))
            return
        if arrival.lane is not None:
            self._hand_over(guest, arrival.lane)
        elif arrival.take_expectation():
            self._tell(guest.connection, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hand_over(self, guest: Guest, lane: Lane) -> None:
        if lane is Lane.STREAMED and self._streams >= STREAM_THREADS:
            self._refuse(guest, 503, "gateway.busy")
            return
        self._leave(guest)
        conn, arrival = guest.connection, guest.arrival
        assert arrival is not None
        conn.init()
        conn.data_ready = True
        conn.parser.unreader.unread(bytes(arrival.received))
        conn.parser.unreader.sock = Incoming(conn.sock, patient=lane is Lane.STREAMED)
        conn.lane, conn.is_whole, conn.answer = lane, arrival.is_whole, Outgoing(conn.sock)
        self._streams += lane is Lane.STREAMED
        at_work = self._pools[lane].submit(self.handle, conn)
        at_work.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))

    # --- out

    def handle(self, conn: Any) -> Any:
        bind(trace_id=None, account_id=None)  # what this thread did before was somebody else's
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        sock, answer = conn.sock, conn.answer
        conn.sock = answer
        try:
            goes_on = super().handle_request(req, conn)
            if answer.push():  # before the thread takes its next: what is under way is never more than there is
                answer.end()
            return goes_on
        except NotRead:
            answer.end()
            raise StopIteration from None
        finally:
            conn.sock = sock

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """A body that is still on its way is not waited for: the connection ends with the answer."""
        if not conn.is_whole and not is_read(conn.parser.mesg.body):
            return False
        return bool(super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        self._streams -= conn.lane is Lane.STREAMED
        conn.goes_on = not fs.cancelled() and fs.exception() is None and bool(fs.result())
        try:
            if conn.answer.push():
                self._go_on(conn)
            else:
                self._enter(conn, conn.answer.patience, answer=conn.answer)
        except OSError:  # The client has gone.
            conn.answer.end()
            self._close(conn)

    def _send_rest(self, guest: Guest) -> None:
        answer = guest.connection.answer
        try:
            is_sent = answer.push()
        except OSError:  # The client has gone.
            self._end(guest)
            return
        if is_sent:
            self._leave(guest)
            self._go_on(guest.connection)
        else:
            guest.ends = self._room.clock() + answer.patience

    def _go_on(self, conn: Any) -> None:
        """The answer is sent: wait for the next request, or part."""
        conn.answer.end()
        if conn.goes_on:
            self.enqueue_req(conn)
        else:
            self._part(conn)

    def _part(self, conn: Any) -> None:
        """Close our side, and the connection once the other side has: before that, an answer may be lost (RFC 9112
        section 9.6). gunicorn's own way waits for it on the main thread."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self._enter(conn, LINGER_SECONDS)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def _refuse(self, guest: Guest, status: int, code: str) -> None:
        request_id = str(new_id())
        log.info("request_refused", status=status, code=code, trace_id=request_id)
        self._leave(guest)
        retry_after = BUSY_SECONDS if status == 503 else None
        self._tell(guest.connection, refusal(status, code, request_id, retry_after=retry_after))
        self._part(guest.connection)

    def _tell(self, conn: Any, answer: bytes) -> None:
        try:
            conn.sock.send(answer)
        except OSError:
            log.debug("client_gone")

    def _end(self, guest: Guest) -> None:
        if guest.answer is not None:
            guest.answer.end()
        if self._leave(guest):
            self._close(guest.connection)

    def _leave(self, guest: Guest) -> bool:
        if not self._room.leave(guest):
            return False
        self.poller.unregister(guest.connection.sock)
        return True

    # --- gunicorn's loop calls these after every round

    def murder_pending(self) -> None:
        now = self._room.clock()
        if now < self._sweep_at:
            return
        self._sweep_at = now + SWEEP_SECONDS
        for guest in self._room.overdue():
            if guest.has_begun:
                self._refuse(guest, 408, "request.timeout")
            else:
                self._end(guest)

    def murder_keepalived(self, force: bool = False) -> None:
        for guest in self._room if force else ():
            self._end(guest)

    def _cap_keepalive(self, deadline: float) -> None:
        """A worker that stops waits for requests and answers that have begun, and little for those that have not."""
        for guest in self._room:
            if not guest.has_begun and guest.answer is None:
                guest.ends = min(guest.ends, deadline)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer an unreadable request in the API's own way; log neither its bytes nor its sender."""
        status, code = status_and_code(exc)
        request_id = str(new_id())
        if status == 500:
            log.error("request_failed", error_type=type(exc).__name__, trace_id=request_id, exc_info=exc)
        else:
            log.info("request_unreadable", error_type=type(exc).__name__, trace_id=request_id)
        try:
            write_nonblock(client, refusal(status, code, request_id))
        except Exception:
            log.debug("client_gone")
