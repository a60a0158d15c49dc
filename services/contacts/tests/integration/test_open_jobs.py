"""One account has few long jobs open at once, whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from contacts.usecases import exports, imports, open_jobs
from contracts.contacts.imports import ImportOptions
from contracts.errors import TooManyRequests

EXPORT = {"group_id": None, "segment_id": None, "format": "csv", "fields_": None}


def _try(account, usecase, **request):
    try:
        return account.call(usecase, **request)
    except TooManyRequests as error:
        return error


def test_ten_long_jobs_are_open_at_once_and_no_more(account, new_account):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: _try(account, exports.create, **EXPORT), range(16)))
    refused = [one for one in made if isinstance(one, TooManyRequests)]

    assert len(made) - len(refused) == open_jobs.MOST_LONG
    assert {(one.code, one.extra["retry_after"]) for one in refused} == {("jobs.too_many", 60)}
    with pytest.raises(TooManyRequests):
        account.queue_import("email;imie\na@x.example;Anna\n")  # other kinds count together
    new_account().call(exports.create, **EXPORT)  # nobody else is held up


def test_what_has_ended_counts_no_more_and_the_same_import_again_is_none(account, database):
    import_id = account.queue_import("email;imie\na@x.example;Anna\n")
    for _ in range(open_jobs.MOST_LONG - 1):
        account.call(exports.create, **EXPORT)

    again = account.call(
        imports.create, terms=account.terms, upload_id=import_id, mapping=None, options=ImportOptions().load({})
    )
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET state = 'done' WHERE kind = 'export'"))
    account.call(exports.create, **EXPORT)

    assert again["id"] == import_id
