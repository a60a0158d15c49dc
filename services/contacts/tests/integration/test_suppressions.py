"""A list of addresses goes to the archive: each once, with its reason, announced, and whatever happens in between."""

from __future__ import annotations

import random

from sqlalchemy import text

from chassis.ids import new_id
from contacts.domain import sources
from contacts.jobs import import_work, suppressions
from contacts.store import jobs, refusals
from contacts.usecases import archive, imports, previews
from contracts.channel import CHANNELS
from contracts.contacts.imports import ImportOptions
from contracts.vocabulary import ArchiveReason, Channel

REASON = {"archive": {"reason": "unsubscribed", "note": "old system"}}
PHONES = ("+48600100200", "+48600100201")
LIST = "e-mail;telefon\na@x.example;\nA@x.example;600 100 200\nzły;\n;600100201\nb@x.example;12\n"


def _archived(database, account) -> set[tuple[str, str, str, str]]:
    with database.transaction() as session:
        rows = session.execute(
            text("SELECT channel, address, reason, note FROM archive WHERE account_id = :id"), {"id": account.id}
        )
        return {tuple(row) for row in rows}


def test_a_list_of_addresses_goes_to_the_archive_and_makes_nobody(account, database):
    account.import_file("email\nb@x.example\n")
    account.call(
        archive.add,
        channel=Channel.EMAIL,
        addresses=["b@x.example"],
        contact_ids=[],
        reason=ArchiveReason.SPAM,
        note="mine",
    )
    options = ImportOptions().load(REASON)
    upload_id = account.upload("list.csv", LIST.encode())
    told = account.call(previews.preview, upload_id=upload_id, mapping=None, options=options)

    job = account.import_file(LIST, **REASON)

    assert [row["outcome"] for row in told["rows"]] == ["added", "added", "rejected", "added", "unchanged"]
    assert {name: job["counts"][name] for name in ("read", "added", "unchanged", "merged", "rejected", "warnings")} == {
        "read": 5, "added": 3, "unchanged": 1, "merged": 0, "rejected": 1, "warnings": 1,
    }  # fmt: skip
    by_phone = [each for each, facts in CHANNELS.items() if facts.address_field == "phone"]
    assert _archived(database, account) == {
        ("email", "a@x.example", "unsubscribed", "old system"),
        ("email", "b@x.example", "spam", "mine"),
        *((each, phone, "unsubscribed", "old system") for each in by_phone for phone in PHONES),
    }
    assert [one["email"] for one in account.people()] == ["b@x.example"]
    assert "zły" in account.download(job["rejected_file_id"])


def test_a_list_that_is_given_back_and_taken_again_loses_and_counts_nothing_twice(account, database):
    rng = random.Random(3)
    addresses = [f"p{rng.randrange(2_500)}@x.example" for _ in range(4_000)]
    import_id = account.queue_import("email\n" + "\n".join(addresses), **REASON)
    turns = 0
    while True:
        with database.transaction() as session:
            job = jobs.claim(session, new_id())
        if suppressions.run(database, job, lambda: False):
            break
        turns += 1
        with database.transaction() as session:
            jobs.put_off(session, job, 0.0)

    counts = account.call(imports.get, import_id=import_id)["counts"]
    assert turns > 2
    assert (
        (counts["read"], counts["added"]) == (4_000, len(set(addresses))) == (4_000, len(_archived(database, account)))
    )
    assert counts["added"] + counts["unchanged"] == 4_000


def test_a_turn_goes_on_for_as_long_as_it_took_to_come_back_and_counts_problems_once(account, database, monkeypatch):
    """Else a list is read from its beginning for every thousand of its rows."""
    monkeypatch.setattr(suppressions, "ROWS", 100)
    rows_given = []
    table = sources.Source.table

    def counted(source):
        header, row, rows = table(source)
        return header, row, (rows_given.append(one) or one for one in rows)

    counts = []
    problem_counts = refusals.problem_counts
    monkeypatch.setattr(refusals, "problem_counts", lambda *given: counts.append(1) or problem_counts(*given))
    import_id = account.queue_import("email\n" + "".join(f"p{n}@x.example\n" for n in range(2_000)), **REASON)
    monkeypatch.setattr(sources.Source, "table", counted)
    monkeypatch.setattr(import_work, "monotonic", lambda: len(rows_given))  # a row takes a second, all else nothing
    while account.call(imports.get, import_id=import_id)["state"] != "done":
        with database.transaction() as session:
            job = jobs.claim(session, new_id())
        if not suppressions.run(database, job, lambda: False):
            with database.transaction() as session:
                jobs.put_off(session, job, 0.0)

    told = account.call(imports.get, import_id=import_id)["counts"]
    assert len(rows_given) < 4 * 2_000
    assert (told["read"], told["added"]) == (2_000, 2_000)
    assert len(counts) == 1
