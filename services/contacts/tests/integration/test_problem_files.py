"""Nobody who was erased stays in a file of rejected rows, however their address was written there."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.usecases import people, privacy

HER, HER_PHONE = "ola@poczta.example", "+48505603496"
CELLS = [
    f"zgubiona: {HER}",
    f"{HER.upper()}, oddzwonić",
    f"Ola <{HER}> / mąż jan@x.example",
    "dzwonić na 505 603 496 po 17",
    "600100200 lub +48 (505) 603-496 wew. 3",
]


def _rejected(account: Any, cells: list[str]) -> list[str]:
    job = account.import_file("email;uwagi\n" + "".join(f"zly {n};{cell}\n" for n, cell in enumerate(cells)))
    assert job["counts"]["rejected"] == len(cells)
    return list(account.download(job["rejected_file_id"]).splitlines()[1:])


@pytest.mark.parametrize("erased_first", [True, False], ids=["erased before", "erased after"])
def test_an_erased_address_is_not_kept_because_its_cell_holds_more(account: Any, erased_first: bool) -> None:
    contact = account.call(people.create, terms=account.terms, email=HER, phone=HER_PHONE)
    if not erased_first:
        job = account.import_file("email;uwagi\n" + "".join(f"zly;{cell}\n" for cell in [*CELLS, "Gdynia"]))
    account.call(privacy.erase, contact_id=contact["id"])
    account.run_imports()
    if erased_first:
        rows = _rejected(account, [*CELLS, "Gdynia"])
    else:
        rows = account.download(job["rejected_file_id"]).splitlines()[1:]

    assert [row.endswith(";;") for row in rows] == [True] * len(CELLS) + [False]
    assert rows[-1].endswith("Gdynia")


def test_the_names_of_columns_hold_nobody_either(account: Any) -> None:
    contact = account.call(people.create, terms=account.terms, email=HER)
    account.call(privacy.erase, contact_id=contact["id"])
    account.run_imports()

    job = account.import_file(f"email;lista dla {HER}\nzly;x\n")

    assert HER not in account.download(job["rejected_file_id"])


def test_a_number_is_known_by_the_region_of_its_own_list(account: Any) -> None:
    contact = account.call(people.create, terms=account.terms, phone="+4915123456789")
    account.call(privacy.erase, contact_id=contact["id"])
    account.run_imports()

    job = account.import_file("email;uwagi\nzly;ruft an: 0151 23456789\n", region="DE")

    assert "23456789" not in account.download(job["rejected_file_id"])
