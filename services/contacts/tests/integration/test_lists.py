"""Lists of contacts: searched as a person types, newest first, and with how many there are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import pages
from contacts.usecases import archive, groups, imports, people
from contracts.errors import Invalid
from contracts.vocabulary import ArchiveReason, Channel

FILES = ("łódź.csv", "zima.csv", "Łodzianie.csv")
LIST = """email;telefon;imie;nazwisko
ola@poczta.example;600100200;Ola;Wiśniewska
jan.wisniewski@x.example;600100201;Jan;Wiśniewski
lodz@x.example;;Łódź;Ćma
;505603496;Anna Maria;O'Hara
"""


def _found(account: Any, **asked: Any) -> list[str]:
    page = account.call(people.list_contacts, limit=100, cursor=None, **asked)
    assert page["total"] == len(page["items"]) and page["total_is_estimate"] is False
    return [one["first_name"] for one in page["items"]]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("wiśniew", ["Ola", "Jan"]),
        ("WISNIEW", ["Ola", "Jan"]),
        ("wisniewska ola", ["Ola"]),
        ("ska OLA poczta", ["Ola"]),
        ("lodz", ["Łódź"]),
        ("łódź ćma", ["Łódź"]),
        ("600 100", ["Ola", "Jan"]),
        ("0505-603-496", ["Anna Maria"]),
        ("+48 505 603", ["Anna Maria"]),
        ("o'h", ["Anna Maria"]),
        ("@x.example", ["Jan", "Łódź"]),
        ("%", []),
        ("_", []),
        ("ola jan", []),
        (".", ["Ola", "Jan", "Łódź"]),
        ("a[n", []),
        ("(ola|jan)", []),
        ("\\d", []),
    ],
)
def test_words_are_found_anywhere_without_case_or_accents(account: Any, q: str, found: list[str]) -> None:
    account.import_file(LIST)

    assert _found(account, q=q) == found
    assert _found(account, q=q, sort="-created") == found[::-1]
    again = account.call(people.find_contacts, limit=100, cursor=None, q=q)
    assert [one["first_name"] for one in again["items"]] == found and again["total"] == len(found)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_words_are_words(account: Any, q: str) -> None:
    account.call(people.list_contacts, limit=10, cursor=None, q=q)


def _walk(account: Any, **asked: Any) -> tuple[list[Any], list[Any]]:
    ids, told, cursor = list[Any](), list[Any](), None
    while True:
        page = account.call(people.list_contacts, limit=10, cursor=cursor, **asked)
        ids += [one["id"] for one in page["items"]]
        told.append((page["total"], page["total_is_estimate"]))
        cursor = page["next_cursor"]
        if cursor is None:
            return ids, told


def test_pages_go_from_the_newest_to_the_oldest_and_the_first_says_how_many(account: Any, new_account: Any) -> None:
    new_account().import_file("email\nforeign@x.example\n")
    job = account.import_file("email\n" + "".join(f"p{n:02}@x.example\n" for n in range(25)), group_name="Lista")
    account.call(people.create, terms=account.terms, email="later@x.example")

    ids, told = _walk(account)
    newest, newest_totals = _walk(account, sort="-created")
    of_group, group_totals = _walk(account, sort="-created", group_id=job["group_ids"][0])
    words, word_totals = _walk(account, q="p1")

    assert newest == ids[::-1] and len(set(ids)) == 26
    assert told == newest_totals == [(26, False), (None, False), (None, False)]
    assert of_group == newest[1:] and group_totals[0] == (25, False)
    assert (len(words), word_totals) == (10, [(10, False)])
    assert account.call(groups.get, group_id=job["group_ids"][0])["contacts"] == 25


def test_more_than_can_be_counted_at_once_is_at_least_so_many(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "COUNTED_MOST", 20)
    account.import_file("email\n" + "".join(f"p{n:02}@x.example\n" for n in range(25)))

    words, told = _walk(account, q="example")

    assert len(words) == 25 and told[0] == (20, True)
    assert _walk(account)[1][0] == (25, False)


def test_the_archive_is_searched_by_a_part_of_an_address_newest_first(account: Any) -> None:
    given: Any = {"contact_ids": [], "reason": ArchiveReason.SPAM, "note": ""}
    for n in range(15):
        account.call(archive.add, channel=Channel.EMAIL, addresses=[f"p{n:02}@x.example"], **given)
    account.call(archive.add, channel=Channel.SMS, addresses=["505603496"], **given)

    def listed(**asked: Any) -> tuple[list[str], Any, Any]:
        page = account.call(archive.list_archive, **{"limit": 10, "cursor": None, "restored": False, **asked})
        return [one["address"] for one in page["items"]], page["total"], page["next_cursor"]

    newest, total, cursor = listed(sort="-created")
    assert (newest[:2], total) == (["+48505603496", "p14@x.example"], 16)
    rest, none, end = listed(sort="-created", cursor=cursor)
    assert (rest[-1], len(rest), none, end) == ("p00@x.example", 6, None, None)
    assert listed(q="P1")[:2] == ([f"p1{n}@x.example" for n in range(5)], 5)
    assert listed(q="0505 603-496")[0] == listed(q="603 496")[0] == ["+48505603496"]
    assert listed(q="x.example", channel=Channel.SMS)[:2] == ([], 0)


def test_imports_are_found_by_their_files_names_and_counted(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [account.import_file(f"email\np{n}@x.example\n", filename=name) for n, name in enumerate(FILES)]

    def told(**asked: Any) -> tuple[list[Any], int | None, bool]:
        page = account.call(imports.list_imports, **{"limit": 100, "cursor": None, **asked})
        return [one["id"] for one in page["items"]], page["total"], page["total_is_estimate"]

    ids = [job["id"] for job in jobs]
    assert told() == (ids[::-1], 3, False)
    assert told(q="LODZ") == ([ids[2], ids[0]], 2, False)
    assert told(q="lodz", sort="created") == ([ids[0], ids[2]], 2, False)
    first = account.call(imports.list_imports, limit=1, cursor=None)
    assert told(cursor=first["next_cursor"]) == ([ids[1], ids[0]], None, False)
    monkeypatch.setattr(pages, "COUNTED_MOST", 2)
    assert told()[1:] == (2, True)


def test_a_contact_says_its_groups_by_name_and_what_of_it_is_archived(account: Any) -> None:
    account.import_file(LIST)
    group_id = account.call(groups.create, name="Stali", description="")["id"]
    for channel, address, reason in (
        (Channel.EMAIL, "ola@poczta.example", ArchiveReason.HARD_BOUNCE),
        (Channel.SMS, "+48600100201", ArchiveReason.COMPLAINT),
    ):
        account.call(archive.add, channel=channel, addresses=[address], contact_ids=[], reason=reason, note="")
    everybody = account.call(people.list_contacts, limit=100, cursor=None)["items"]
    account.call(groups.add_contacts, group_id=group_id, contact_ids=[everybody[0]["id"]])

    shown = account.call(people.list_contacts, limit=100, cursor=None)["items"]

    assert [(one["group_ids"], one["groups"]) for one in shown[:2]] == [
        ([group_id], [{"id": group_id, "name": "Stali"}]), ([], []),
    ]  # fmt: skip
    assert [[(entry["channel"], entry["reason"]) for entry in one["archived"]] for one in shown] == [
        [("email", "hard_bounce")], [("sms", "complaint")], [], [],
    ]  # fmt: skip
    assert account.call(people.get, contact_id=shown[0]["id"]) == shown[0]
    assert _found(account, archived=True) == ["Ola", "Jan"]
    assert _found(account, archived=False) == ["Łódź", "Anna Maria"]
    assert _found(account, archive_reason=ArchiveReason.COMPLAINT) == ["Jan"]
    assert _found(account, archived=True, archive_reason=ArchiveReason.HARD_BOUNCE, q="ola") == ["Ola"]
    assert _found(account, archived=False, archive_reason=ArchiveReason.COMPLAINT) == []


def test_contacts_are_listed_by_name_as_polish_sorts_it(account: Any) -> None:
    names = [("Jan", "Zając"), ("Łukasz", "Łoś"), ("Anna", "lis"), ("Ola", "Ludwik"), ("Żaneta", "Łoś"), ("Ćma", "")]
    lines = [f"p{n}@x.example;{first};{last}" for n, (first, last) in enumerate([*names, ("", "")] * 4)]
    account.import_file("email;imie;nazwisko\n" + "\n".join(lines) + "\n")
    by_id = {one["id"]: one for one in account.people()}

    def walked(sort: str) -> list[tuple[str, str]]:
        ids, totals = _walk(account, sort=sort)
        assert len(ids) == len(set(ids)) == 28 and totals[0] == (28, False)
        return [(by_id[one]["last_name"] or "", by_id[one]["first_name"] or "") for one in ids]

    found = walked("name")

    sorted_names = ["Ćma", "Anna", "Ola", "Łukasz", "Żaneta", "Jan", ""]
    assert list(dict.fromkeys(first for _, first in found)) == sorted_names
    assert walked("-name") == found[::-1]


def test_a_page_by_name_after_a_contact_that_is_gone_says_so(account: Any) -> None:
    account.import_file("email;nazwisko\na@x.example;Adam\nb@x.example;Bok\nc@x.example;Cis\n")
    first = account.call(people.list_contacts, limit=1, cursor=None, sort="name")
    account.call(people.delete, contact_id=first["items"][0]["id"])

    with pytest.raises(Invalid) as refused:
        account.call(people.list_contacts, limit=1, cursor=first["next_cursor"], sort="name")

    assert refused.value.errors[0]["code"] == "cursor.invalid"
