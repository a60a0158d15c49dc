"""Answers on their way out: whole and in order whatever the reader does, and no thread waits for one that is kept."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_gateway import paced
from api_gateway.paced import BYTES_A_SECOND, MOST_SECONDS, STALL_SECONDS, NotRead, Outgoing, Pace


def small_pair():
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    return ours, theirs


@given(
    pieces=st.lists(st.integers(0, 60_000), max_size=6),
    reads=st.lists(st.integers(1, 30_000), min_size=1, max_size=5),
)
def test_every_byte_goes_once_and_in_order(pieces, reads):
    ours, theirs = small_pair()
    whole = bytes(number % 251 for number in range(sum(pieces)))
    with ours, theirs:
        answer, at = Outgoing(ours), 0
        for size in pieces:
            answer.sendall(whole[at : at + size])  # nobody reads, and it comes back all the same
            at += size
        got, turn = b"", 0
        while not answer.push() or len(got) < len(whole):
            got += theirs.recv(reads[turn % len(reads)])
            turn += 1

    assert got == whole


def test_what_is_under_way_ends_once_with_the_answer():
    ours, theirs = small_pair()
    ended = []
    with ours, theirs:
        answer = Outgoing(ours)
        answer.when_sent(lambda: ended.append("sent"))
        answer.sendall(bytes(100_000))
        before = list(ended)
        answer.end()
        answer.end()

    assert (before, ended) == ([], ["sent"])


def test_a_download_waits_for_its_reader_and_no_longer_than_its_pace(monkeypatch):
    monkeypatch.setattr(paced, "KEPT_ANSWER", 1_000)
    ours, theirs = small_pair()
    with ours, theirs:
        answer = Outgoing(ours)
        reading = threading.Thread(target=lambda: [theirs.recv(10_000) for _ in range(30)])
        reading.start()
        for _ in range(10):
            answer.sendall(bytes(5_000))
        theirs.shutdown(socket.SHUT_WR)
        answer.push()
        monkeypatch.setattr(paced, "STALL_SECONDS", 0.0)
        with pytest.raises(NotRead):
            for _ in range(1_000):
                answer.sendall(bytes(5_000))
        ours.shutdown(socket.SHUT_RDWR)
        reading.join(10)


def test_who_takes_bytes_gains_time_up_to_a_bound():
    now = [0.0]
    pace = Pace(5.0, clock=lambda: now[0])
    assert pace.patience == 5.0
    pace.went(BYTES_A_SECOND * 100)
    assert pace.patience == STALL_SECONDS
    now[0] = 105.0
    assert pace.patience == 0.0
    pace.went(BYTES_A_SECOND * 10_000_000)
    now[0] = MOST_SECONDS
    assert pace.patience == 0.0
