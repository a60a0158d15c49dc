"""Blocks of short links: kept as they come, found by a position, ended with their account."""

import threading
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from api_gateway import store
from api_gateway.tracking.short_links import Missing, ShortLinkIntake, ShortLinks
from chassis.ids import new_id
from chassis.testing import as_administrator, truncate, wait_until
from contracts.ids import message_id
from contracts.lanes import SHORT_LINKS
from contracts.short_codes import Codes

KEY = b"fedcba9876543210fedcba9876543210"
OLD_KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def database(open_database):
    opened = open_database("api_gateway")
    truncate(opened)
    yield opened


@pytest.fixture
def intake(broker, database):
    stop = threading.Event()
    threads = [threading.Thread(target=ShortLinkIntake(broker, database).run, args=(stop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def block(position, size=2, links=("https://a.example/", "https://b.example/"), **more):
    return {
        "position": position, "first_number": 4096, "size": size, "account_id": str(uuid4()), "campaign_id": None,
        "send_id": str(new_id()), "links": list(links), **more,
    }  # fmt: skip


def test_blocks_are_kept_once_and_found_by_position(intake, broker, database):
    links = ShortLinks(database.transaction, [KEY, OLD_KEY])
    first, second = block(100), block(104, size=1)
    body = orjson.dumps({"v": 1, "blocks": [first, second]})
    for each in (body, b"{not json", body):
        broker.publish(SHORT_LINKS, each).result(5)

    def count():
        with database.transaction() as session:
            return session.scalar(text("SELECT count(*) FROM short_link_blocks"))

    wait_until(lambda: count() == 2, what="two blocks")
    found = links.of(Codes(OLD_KEY).code(103))
    assert (found.target, found.account_id) == ("https://b.example/", UUID(first["account_id"]))
    assert found.message_id == message_id(UUID(first["send_id"]), 4097)
    assert links.of(Codes(KEY).code(105)).target == "https://b.example/"
    assert links.of(Codes(KEY).code(106)) is Missing.NOT_YET
    assert links.of(Codes(KEY).code(99)) is Missing.NOT_YET, "what came before may be on its way a moment longer"
    with database.transaction() as session:
        session.execute(text("UPDATE short_link_blocks SET kept_at = now() - interval '11 minutes'"))
    assert links.of(Codes(KEY).code(99)) is Missing.ENDED

    with database.transaction() as session:
        store.end_short_links(session, account_id=UUID(first["account_id"]))
    asked_anew = ShortLinks(database.transaction, [KEY])
    assert asked_anew.of(Codes(KEY).code(103)) is Missing.ENDED
    assert asked_anew.of(Codes(KEY).code(104)).target == "https://a.example/"


def test_a_block_is_found_by_the_key_among_ten_million(database):
    with database.transaction() as session:
        store.keep_short_links(
            session,
            [
                {**block(10 * n), "account_id": uuid4(), "send_id": uuid4(), "links": ["https://a.example/"]}
                for n in range(2000)
            ],
        )
    with as_administrator(database) as session:
        session.execute(text("ANALYZE short_link_blocks"))
        session.execute(text("UPDATE pg_class SET reltuples = 1e7 WHERE relname = 'short_link_blocks'"))
    with database.transaction() as session:
        plan = "\n".join(session.scalars(text(f"EXPLAIN {_literal(store.short_link_query(5))}")))
    assert "Index Scan Backward using short_link_blocks_pkey" in plan and "Sort" not in plan


def _literal(query):
    return query.compile(compile_kwargs={"literal_binds": True})
