"""Links in messages: answered from the link alone, kept on disk first, handed over when the broker is there."""

import hmac
import os
import subprocess
import sys
import textwrap
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import orjson
import pytest

from api_gateway.routes import tracking as routes
from api_gateway.tracking.recorder import Recorder
from api_gateway.tracking.spool import SEGMENT_BYTES, Spool, SpoolFull
from chassis.ids import new_id
from contracts import tokens
from contracts.events import RECIPIENT_UNSUBSCRIBED
from contracts.lanes import DELIVERY_EVENTS, ORDINARY_EVENTS
from contracts.tokens import Place, TokenKind

KEY = b"fedcba9876543210fedcba9876543210"
ACCOUNT, CAMPAIGN, CONTACT = (UUID(int=n << 80 | 0x7 << 76 | 0x8 << 60 | n) for n in (1, 2, 4))
MESSAGE = new_id()


def sign(kind, target, key=KEY, contact=CONTACT, place=None):
    signer = tokens.signer(key, kind, account_id=ACCOUNT, campaign_id=CAMPAIGN, target=target, place=place)
    return signer(MESSAGE, contact)


@pytest.fixture
def wiring(make_wiring):
    return make_wiring()


@pytest.fixture
def client(wiring):
    from api_gateway.app import create_app

    return create_app(wiring, routes.ROUTES).test_client()


def lane_events(publisher):
    told = (orjson.loads(body) for lane, body in publisher.lane if lane in (DELIVERY_EVENTS, ORDINARY_EVENTS))
    return [event for body in told for event in body["events"]]


def test_links_are_answered_whatever_host_they_lead_to(client):
    """A sender domain has a link host of its own."""
    base = "https://link.sklep.example"
    click, seen, out = (
        sign(TokenKind.CLICK, "https://sklep.example/"),
        sign(TokenKind.OPEN, "email"),
        sign(TokenKind.UNSUBSCRIBE, "email"),
    )

    assert client.get(f"/t/{click}", base_url=base).headers["Location"] == "https://sklep.example/"
    assert client.get(f"/o/{seen}", base_url=base).content_type == "image/gif"
    assert client.get("/o/-", base_url=base).content_type == "image/gif", "as it is asked whether a host leads here"
    assert client.post(f"/u/{out}", base_url=base).status_code == 200


def test_click_redirects_and_is_told(client, wiring, publisher):
    token = sign(TokenKind.CLICK, "https://sklep.example/promocja?a=1&b=ż#top")

    answer = client.get(f"/t/{token}?fbclid=added-by-someone", headers={"User-Agent": "M" * 300})
    wiring.recorder.round()

    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://sklep.example/promocja?a=1&b=%C5%BC#top"
    assert answer.headers["Cache-Control"] == "no-store"
    (event,) = lane_events(publisher)
    assert event["kind"] == "clicked"
    assert event["url"] == "https://sklep.example/promocja?a=1&b=ż#top"
    assert (event["message_id"], event["campaign_id"]) == (str(MESSAGE), str(CAMPAIGN))
    assert (event["contact_id"], event["account_id"]) == (str(CONTACT), str(ACCOUNT))
    assert event["ip"] == "127.0.0.1"
    assert len(event["user_agent"]) == 200
    assert UUID(event["event_id"]) and event["at"] > 0


def test_a_click_says_which_link_it_was_without_whose(client, wiring, publisher):
    target = "https://sklep.example/ż?kod=ANNA7"
    client.get(f"/t/{sign(TokenKind.CLICK, target, place=Place(2, 28))}")
    client.get(f"/t/{sign(TokenKind.CLICK, target, place=Place(3, len(target)))}")
    client.get(f"/t/{sign(TokenKind.CLICK, target)}")
    wiring.recorder.round()

    placed, same_for_all, older = lane_events(publisher)
    assert (placed["url"], placed["link"], placed["link_url"]) == (target, 2, "https://sklep.example/ż?kod=…")
    assert (same_for_all["link"], same_for_all["link_url"]) == (3, target)
    assert older["url"] == target and "link" not in older


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example/",
        "/relative",
        "https://",
        "ftp://files.example/",
        "https://a.example/\r\nSet-Cookie: a=b",
        "https://a.example/\x00",
        "http://[broken",
        "",
    ],
)
def test_only_http_targets(client, wiring, publisher, target):
    answer = client.get(f"/t/{sign(TokenKind.CLICK, target)}")
    wiring.recorder.round()

    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert publisher.lane == []


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "ż",
        urlsafe_b64encode(b"https://evil.example/" * 10).decode(),
        sign(TokenKind.CLICK, "https://evil.example/", key=b"somebody else's key, 32 bytes...."),
        sign(TokenKind.OPEN, "https://evil.example/"),
        sign(TokenKind.CLICK, "https://good.example/")[:-3] + "abc",
    ],
)
def test_what_we_did_not_sign_redirects_nowhere(client, token):
    answer = client.get(f"/t/{token}")

    assert answer.status_code == 404
    assert "evil" not in answer.text
    assert "Location" not in answer.headers


def test_looking_without_following_is_told_as_such(client, wiring, publisher):
    answer = client.head(f"/t/{sign(TokenKind.CLICK, 'https://sklep.example/')}")
    client.head(f"/o/{sign(TokenKind.OPEN, 'email')}")
    wiring.recorder.round()

    assert answer.status_code == 302
    assert [(event["kind"], event["request"]) for event in lane_events(publisher)] == [
        ("clicked", "HEAD"),
        ("opened", "HEAD"),
    ]


@pytest.mark.parametrize("name", ["Purpose", "X-Purpose", "Sec-Purpose", "X-Moz"])
def test_looking_ahead_is_told_as_such(client, wiring, publisher, name):
    client.get(f"/t/{sign(TokenKind.CLICK, 'https://sklep.example/')}", headers={name: "prefetch" + "x" * 200})
    client.get(f"/o/{sign(TokenKind.OPEN, 'email')}")
    wiring.recorder.round()

    clicked, opened = lane_events(publisher)
    assert clicked["request"].startswith(f"{name}: prefetch") and len(clicked["request"]) == 100
    assert "request" not in opened


def test_open_is_a_picture_whatever_happens(client, wiring, publisher):
    good = client.get(f"/o/{sign(TokenKind.OPEN, 'email')}")
    bad = client.get("/o/nonsense")
    wiring.recorder.round()

    for answer in (good, bad):
        assert answer.content_type == "image/gif"
        assert answer.data.startswith(b"GIF89a")
        assert "no-store" in answer.headers["Cache-Control"]
    assert [event["kind"] for event in lane_events(publisher)] == ["opened"]
    assert lane_events(publisher)[0]["channel"] == "email"


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("?button=2", ["opened", "clicked"]),
        ("?dismissed=1", ["dismissed"]),
        ("?button=4", ["opened"]),
        ("?button=-1", ["opened"]),
        ("?dismissed=yes", ["opened"]),
    ],
)
def test_an_application_tells_what_was_done_with_a_push(client, wiring, publisher, said, kinds):
    for channel in ("push", "email"):
        client.get(f"/o/{sign(TokenKind.OPEN, channel)}{said}")
    wiring.recorder.round()

    told = lane_events(publisher)
    of_push = [one for one in told if one["channel"] == "push"]
    assert [one["kind"] for one in of_push] == kinds
    assert [one["kind"] for one in told if one["channel"] == "email"] == ["opened"], "a picture in a mail says no more"
    assert [one["link"] for one in of_push if one["kind"] == "clicked"] == [2] * kinds.count("clicked")


def test_a_push_is_swiped_away_once(client, wiring, publisher):
    for _ in range(2):
        client.get(f"/o/{sign(TokenKind.OPEN, 'push')}?dismissed=1")
    wiring.recorder.round()

    first, second = lane_events(publisher)
    assert first["event_id"] == second["event_id"] and first["message_id"] == str(MESSAGE)


def test_looking_at_the_unsubscribe_page_unsubscribes_nobody(client, wiring, publisher):
    answer = client.get(f"/u/{sign(TokenKind.UNSUBSCRIBE, 'email')}", headers={"Accept-Language": "en-GB,en;q=0.9"})
    wiring.recorder.round()

    assert answer.status_code == 200
    assert '<html lang="en">' in answer.text and '<form method="post" action="?">' in answer.text
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert publisher.lane == publisher.events == []


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("pl", "pl"),
        ("en", "en"),
        ("de", "pl"),
        (None, "pl"),
        ("de, en;q=0.5, pl;q=0.4", "en"),
        ("pl-PL,pl;q=0.9", "pl"),
    ],
)
def test_page_in_the_readers_language(client, accept, language):
    headers = {"Accept-Language": accept} if accept else {}

    answer = client.get(f"/u/{sign(TokenKind.UNSUBSCRIBE, 'email')}", headers=headers)

    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]


def test_one_click_unsubscribes_and_again_is_the_same(client, wiring, publisher):
    token = sign(TokenKind.UNSUBSCRIBE, "email")

    for _ in range(2):
        answer = client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    wiring.recorder.round()

    told = [(event, orjson.loads(body)) for event, body in publisher.events]
    assert [event for event, _body in told] == [RECIPIENT_UNSUBSCRIBED] * 2
    loaded = RECIPIENT_UNSUBSCRIBED.schema().load(told[0][1])
    assert (loaded["message_id"], loaded["contact_id"], loaded["account_id"]) == (MESSAGE, CONTACT, ACCOUNT)
    assert loaded["channel"] == "email"
    counted = lane_events(publisher)
    assert [event["kind"] for event in counted] == ["unsubscribed"] * 2
    assert len({event["event_id"] for event in counted}) == 1  # counted once, however often it is pressed


def test_one_click_may_be_multipart(client, wiring, publisher):
    answer = client.post(
        f"/u/{sign(TokenKind.UNSUBSCRIBE, 'email')}",
        data={"List-Unsubscribe": "One-Click"},
        content_type="multipart/form-data",
    )
    wiring.recorder.round()

    assert answer.status_code == 200
    assert len(publisher.events) == 1


def test_wrong_unsubscribe_link_says_so(client, wiring, publisher):
    assert client.get("/u/nonsense").status_code == 404
    assert client.post("/u/nonsense").status_code == 404
    wiring.recorder.round()
    assert publisher.events == []


def test_with_the_broker_away_events_wait_on_disk(client, wiring, publisher):
    publisher.is_connected = False
    client.post(f"/u/{sign(TokenKind.UNSUBSCRIBE, 'email')}")
    client.get(f"/o/{sign(TokenKind.OPEN, 'email')}")
    wiring.recorder.round()
    assert publisher.lane == []

    publisher.is_connected, publisher.fails = True, True
    with pytest.raises(ConnectionError):
        wiring.recorder.round()

    publisher.fails = False
    wiring.recorder.round()

    assert [event["kind"] for event in lane_events(publisher)] == ["unsubscribed", "opened"]
    assert len(publisher.events) == 1
    wiring.recorder.round()
    assert len(publisher.lane) == 1  # handed over once


def test_killed_process_loses_nothing_that_was_answered(tmp_path, publisher):
    """Another process writes and dies without a word; this one finds what it wrote."""
    script = textwrap.dedent(
        f"""
        import os, signal
        from api_gateway.tracking.spool import Spool
        spool = Spool({str(tmp_path)!r}, 10**6)
        for number in range(100):
            spool.append(b'{{"lane": {{"n": %d}}}}\\n' % number)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert killed.returncode == -9

    Recorder(Spool(tmp_path, 10**6), publisher).round()

    assert [event["n"] for event in lane_events(publisher)] == list(range(100))


def test_torn_last_line_is_left_out(tmp_path, publisher):
    (tmp_path / "00000000000000000001-1-1.events").write_bytes(b'{"lane": {"n": 1}}\nrubbish\n{"lane": {"n"')

    Recorder(Spool(tmp_path, 10**6), publisher).round()

    assert [event["n"] for event in lane_events(publisher)] == [1]


def test_open_segment_of_another_worker_is_left_alone(tmp_path, publisher):
    other = Spool(tmp_path, 10**6)
    other.append(b'{"lane": {"n": 1}}\n')

    Recorder(Spool(tmp_path, 10**6), publisher).round()
    assert publisher.lane == []

    other.rotate()
    Recorder(Spool(tmp_path, 10**6), publisher).round()
    assert len(lane_events(publisher)) == 1


def test_a_slow_disk_holds_up_no_answer(tmp_path, publisher, monkeypatch):
    """Neither while a segment is closed, nor with a new one, nor with one that is full."""
    spool = Spool(tmp_path, 10**9)
    spool.append(b'{"lane": {"n": 0}}\n')
    syncing, may_end = threading.Event(), threading.Event()

    def sync_slowly(_file):
        syncing.set()
        assert may_end.wait(60)

    monkeypatch.setattr(os, "fsync", sync_slowly)
    with ThreadPoolExecutor(1) as thread:
        rotating = thread.submit(spool.rotate)
        assert syncing.wait(60)
        for number in (1, 2, 3):
            spool.append(b'{"lane": {"n": %d, "as": "%s"}}\n' % (number, b"long" * (SEGMENT_BYTES // 4)))
        assert not rotating.done()
        may_end.set()
        rotating.result(60)
    Recorder(spool, publisher).round()

    assert [event["n"] for event in lane_events(publisher)] == [0, 1, 2, 3]
    assert spool.segments() == []


def test_big_segments_go_in_batches(tmp_path, publisher):
    spool = Spool(tmp_path, 10**6)
    spool.append(b"".join(b'{"lane": {"n": %d}}\n' % n for n in range(1200)))

    Recorder(spool, publisher).round()

    assert [len(orjson.loads(body)["events"]) for _lane, body in publisher.lane] == [500, 500, 200]


def test_full_spool_keeps_room_for_unsubscribes(make_wiring, publisher):
    from api_gateway.app import create_app

    publisher.is_connected = False
    wiring = make_wiring(spool_limit=2000)
    client = create_app(wiring, routes.ROUTES).test_client()
    opens = 0
    while True:
        before = sum(path.stat().st_size for path in wiring.recorder._spool.segments())
        assert client.get(f"/o/{sign(TokenKind.OPEN, 'email')}").status_code == 200
        if sum(path.stat().st_size for path in wiring.recorder._spool.segments()) == before:
            break
        opens += 1
    assert opens > 2

    answers = [client.post(f"/u/{sign(TokenKind.UNSUBSCRIBE, 'email', contact=None)}") for _ in range(10)]
    codes = [answer.status_code for answer in answers]

    assert codes[0] == 200 or codes[0] == 503
    assert codes[-1] == 503
    assert answers[-1].headers["Retry-After"]
    assert client.get(f"/t/{sign(TokenKind.CLICK, 'https://sklep.example/')}").status_code == 302


def test_folder_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with pytest.raises(SpoolFull):
        Spool(blocked / "spool", 1000).append(b"x\n")


def test_closed_files_do_not_leak(tmp_path, publisher):
    recorder = Recorder(Spool(tmp_path, 10**6), publisher)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        recorder._spool.append(b'{"lane": {}}\n')
        recorder.round()

    assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert list(tmp_path.iterdir()) == []


def test_each_kind_of_link_has_a_key_of_its_own_and_old_links_still_work():
    account_id, message_id = uuid4(), uuid4()
    sign = tokens.signer(KEY, TokenKind.OPEN, account_id=account_id, campaign_id=None, target="email")
    raw = urlsafe_b64decode(sign(message_id, None) + "==")
    body, old_body = raw[:-12], b"\x01" + raw[1:-12]

    def made(text, key):
        mac = hmac.digest(key, text, "sha256")[:12]
        return urlsafe_b64encode(text + mac).rstrip(b"=").decode()

    key_of_clicks = hmac.digest(KEY, b"wici link c", "sha256")
    assert tokens.read(made(body, key_of_clicks), [KEY], TokenKind.OPEN) is None
    assert tokens.read(made(body, KEY), [KEY], TokenKind.OPEN) is None
    assert tokens.read(made(old_body, KEY), [KEY], TokenKind.OPEN).message_id == message_id
