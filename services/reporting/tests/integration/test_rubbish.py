"""Whatever is asked of the log is answered, or refused in so many words."""

from __future__ import annotations

import contextlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.database import Database
from contracts.errors import WiciError
from contracts.reporting import RPC
from contracts.vocabulary import Channel, MessageState
from reporting.ingester.writing import Ingest
from reporting.usecases import messages

from ..factories import Send

SEND = Send("email")
WORDS = st.one_of(
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=2, max_size=60),
    st.sampled_from(
        ["%", "_%", "\\", "\\%", "'--", "ala0@example.com", "ALA0@", "+48 500", "+" * 30, "@" * 20, "ﬁ", "İ@x.pl"]
    ),
)
MOMENTS = st.one_of(
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00", "9999-12-31T23:59:59.999999Z",
                     "1969-12-31T23:59:59Z", "2026-03-29T02:30:00+01:00"]),
)  # fmt: skip
CURSORS = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=24).map(lambda octets: urlsafe_b64encode(octets).decode().rstrip("=")),
    st.sampled_from(["0" * 22, "_" * 22, "00000000-0000-0000-0000-000000000000"]),
)
QUERY = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from([one.value for one in Channel]),
        "state": st.sampled_from([one.value for one in MessageState]),
        "address": WORDS, "q": WORDS, "campaign_name": WORDS, "external_id": WORDS, "subject": WORDS, "tag": WORDS,
        "from": MOMENTS, "to": MOMENTS, "cursor": CURSORS,
        "campaign_id": st.sampled_from([SEND.campaign_id, "0" * 32, "f" * 32]), "submitter_id": st.uuids().map(str),
        "limit": st.integers(1, 1000),
    },
)  # fmt: skip


def test_a_query_is_answered_or_refused(database: Database) -> None:
    Ingest(database).write([[SEND.full(number, "delivered") for number in range(3)]])

    @settings(max_examples=150, deadline=None)
    @given(query=QUERY)
    def ask(query: dict[str, Any]) -> None:
        with contextlib.suppress(WiciError), database.transaction() as session:
            asked = RPC["list_messages"].load(query)
            page = messages.list_messages(
                session, actor={"account_id": SEND.account_id}, now=datetime.now(UTC), **asked
            )
            RPC["list_messages"].dump(page)

    ask()
