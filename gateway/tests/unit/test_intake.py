"""When a thread may have a request: read byte by byte, whatever the bytes are."""

import pytest

from api_gateway.intake import HEAD_BYTES, KEPT_BODY, Arrival, BareLineFeed, HeadTooLarge, Lane
from api_gateway.waiting_room import WaitingRoom

LANES = {b"t": Lane.QUICK, b"healthz": Lane.QUICK, b"s": Lane.LOOKUP}
POST = b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\n"


def arrival(*pieces):
    made = Arrival(LANES)
    for piece in pieces:
        made.add(piece)
    return made


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_request_is_handed_over_when_its_last_byte_is_here(step):
    whole = POST + b"Content-Length: 2\r\n\r\n{}"
    made, seen = Arrival(LANES), []
    for start in range(0, len(whole), step):
        made.add(whole[start : start + step])
        seen.append(made.lane)

    assert (set(seen[:-1]) <= {None}, seen[-1], made.is_whole) == (True, Lane.USUAL, True)


@pytest.mark.parametrize(
    ("head", "lane"),
    [
        (b"GET /v1/contacts?limit=5 HTTP/1.1\r\n\r\n", Lane.USUAL),
        (b"\r\nGET /v1/contacts HTTP/1.1\r\n\r\n", Lane.USUAL),
        (b"GET /healthz?x=/ HTTP/1.1\r\n\r\n", Lane.QUICK),
        (b"GET /t/abc HTTP/1.1\r\nContent-Length: 99\r\n\r\n", Lane.QUICK),
        (b"GET /tt HTTP/1.1\r\n\r\n", Lane.USUAL),
        (b"GET /s/abc HTTP/1.1\r\nContent-Length: 99\r\n\r\n", Lane.LOOKUP),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", Lane.STREAMED),
        (POST + b"content-length:  %d\r\n\r\n" % (KEPT_BODY + 1), Lane.STREAMED),
        (POST + b"Content-Length: 5\r\n\r\n", None),
        (POST + b"Content-Length: 5\r\n", None),
        (POST + b"Content-Length: -5\r\n\r\n", Lane.USUAL),  # the parser refuses it
        (b"\x00\r\n\r\n", Lane.USUAL),
    ],
)
def test_lanes(head, lane):
    assert arrival(head).lane is lane


def test_a_link_with_half_a_body_is_served_and_known_not_to_be_whole():
    assert not arrival(b"GET /t/abc HTTP/1.1\r\nContent-Length: 99\r\n\r\nhalf").is_whole


def test_a_head_has_an_end():
    with pytest.raises(HeadTooLarge):
        arrival(POST, b"X: " + b"a" * HEAD_BYTES)
    with pytest.raises(HeadTooLarge):
        arrival(POST + b"X: " + b"a" * HEAD_BYTES + b"\r\n\r\n")


@pytest.mark.parametrize("pieces", [(b"GET / HTTP/1.1\nHost: a\n\n",), (b"GET / HTTP/1.1\r\nHost: a", b"\n")])
def test_a_line_that_ends_without_cr_is_refused_at_once(pieces):
    with pytest.raises(BareLineFeed):
        arrival(*pieces)


def test_cr_and_lf_may_come_apart():
    assert arrival(b"GET / HTTP/1.1\r", b"\n\r", b"\n").lane is Lane.USUAL


def test_who_waits_for_a_word_is_told_once():
    made = arrival(POST + b"Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n")

    assert [made.take_expectation(), made.take_expectation()] == [True, False]


def test_the_longest_waiting_of_an_address_goes_first_and_proxies_are_not_counted():
    room = WaitingRoom(2, clock=lambda: 0.0)
    mine = [room.enter(n, "192.0.2.1", 5) for n in range(2)]
    [room.enter(n, "", 5) for n in range(9)]
    room.enter(0, "192.0.2.2", 5)
    assert room.one_too_many("192.0.2.1") is None

    mine.append(room.enter(2, "192.0.2.1", 5))

    assert (room.one_too_many("192.0.2.1"), room.one_too_many(""), room.longest_waiting()) == (mine[0], None, mine[0])
    assert (room.leave(mine[0]), room.leave(mine[0]), room.one_too_many("192.0.2.1")) == (True, False, None)
