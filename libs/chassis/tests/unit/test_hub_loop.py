"""The broker connection's loop on eventlet's hub, with a socket whose other side reads slowly."""

import socket

import eventlet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.hub_loop import HubLoop


class Sender:
    """Sends as pika does: it is interested in room while it has something left."""

    def __init__(self, loop, sock):
        self.loop, self.sock, self.left, self.read = loop, sock, bytearray(), bytearray()
        loop.add_handler(sock.fileno(), self.handle, loop.READ)

    def write(self, piece):
        self.left += piece
        self.loop.update_handler(self.sock.fileno(), self.loop.READ | self.loop.WRITE)

    def handle(self, _descriptor, events):
        if events & self.loop.READ:
            self.read += self.sock.recv(65536)
        if events & self.loop.WRITE:
            try:
                while self.left:
                    del self.left[: self.sock.send(self.left)]
            except BlockingIOError:
                return
            self.loop.update_handler(self.sock.fileno(), self.loop.READ)


@pytest.fixture
def loop():
    made = HubLoop()
    running = eventlet.spawn(made.start)
    eventlet.sleep(0)
    yield made
    made.stop()
    running.wait()
    made.close()


@settings(max_examples=30, deadline=None)
@given(pieces=st.lists(st.integers(1, 300_000), min_size=1, max_size=6), pauses=st.lists(st.booleans(), max_size=6))
def test_everything_arrives_in_order_however_little_room_there_is(pieces, pauses):
    loop = HubLoop()
    running = eventlet.spawn(loop.start)
    near, far = socket.socketpair()
    near.setblocking(False), far.setblocking(False)
    sender, arrived = Sender(loop, near), bytearray()
    sent = b"".join(bytes([number]) * size for number, size in enumerate(pieces))
    for number, size in enumerate(pieces):
        loop.add_callback(lambda number=number, size=size: sender.write(bytes([number]) * size))
        if number < len(pauses) and pauses[number]:
            eventlet.sleep(0)
    far.send(b"heard")
    while len(arrived) < len(sent):
        eventlet.sleep(0)
        try:
            arrived += far.recv(50_000)
        except BlockingIOError:
            continue
    while not sender.read:
        eventlet.sleep(0)

    assert arrived == sent
    assert sender.read == b"heard"
    assert not sender.left
    loop.stop()
    running.wait()
    loop.close()
    near.close(), far.close()


def test_timers_fire_unless_they_are_taken_back(loop):
    fired = eventlet.Event()
    taken_back = loop.call_later(0.001, lambda: fired.send("taken back"))
    loop.remove_timeout(taken_back)
    loop.call_later(0.002, lambda: fired.send("in time"))
    assert fired.wait(5) == "in time"


def test_what_a_callback_raises_ends_the_loop():
    loop = HubLoop()
    loop.add_callback(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.start()
    loop.close()
