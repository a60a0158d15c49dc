"""The history of consents: what is kept, and what goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.ids import new_id
from contacts.store import submissions
from contacts.usecases import consents, forms, people, privacy
from contracts.errors import NotFound
from contracts.vocabulary import ArchiveReason, Channel

EMAIL = "ola@x.example"


def test_changes_of_consent_by_any_path_are_in_the_history(owner):
    contact_id = owner.add_contact(EMAIL, consents={"email": {"granted": True, "source": "paper"}})
    assert [one["source"] for one in owner.history(contact_id)] == ["paper"]

    refused = {"granted": False, "at": datetime(2020, 1, 1, tzinfo=UTC)}
    owner.call(people.update, contact_id=contact_id, consents={"email": refused})
    owner.call(people.update, contact_id=contact_id, city="Gdynia")
    owner.account.import_file("email,zgoda e-mail,data zgody\nola@x.example,tak,2020-02-01\n")
    owner.archive(Channel.EMAIL, EMAIL, ArchiveReason.COMPLAINT)
    owner.call(people.update, contact_id=contact_id, consents={"email": None})

    told = owner.history(contact_id)
    assert [one["granted"] for one in told if one["source"] != "archive:complaint"] == [True, False, True, None]
    assert told[0]["source"] == "paper" and str(told[2]["source"] or told[3]["source"]).startswith("import:")
    assert [one["granted"] for one in told if one["source"] == "archive:complaint"] == [False]


def test_what_was_recorded_is_not_rewritten(owner, database):
    contact_id = owner.add_contact(EMAIL, consents={"email": {"granted": True}})
    owner.call(people.update, contact_id=contact_id, consents={"email": {"granted": False}})
    form = owner.form()
    owner.submit(form["id"])
    owner.confirm(owner.tokens()[0])

    for statement in ("UPDATE consent_changes SET granted = true", "UPDATE submissions SET consent_text = 'x'"):
        with pytest.raises(Exception, match="not rewritten"):
            with database.transaction() as session:
                session.execute(text(statement))


def test_evidence_outlives_the_form_and_goes_with_the_person(owner, database):
    form = owner.form()
    owner.submit(form["id"])
    owner.confirm(owner.tokens()[0])
    owner.submit(form["id"], email="later@x.example")
    (contact,) = owner.contacts()

    owner.call(forms.delete, form_id=form["id"])
    assert owner.history(contact["id"])[0]["evidence"]["form_name"] == form["name"]
    assert owner.rows("submissions") == 1

    owner.call(privacy.erase, email=EMAIL)
    assert owner.rows("submissions") == owner.rows("consent_changes") == 0


def test_erasing_takes_what_was_never_confirmed_too(owner):
    form = owner.form(fields=[{"key": "phone"}])
    owner.submit(form["id"], phone="505603496")
    owner.submit(form["id"], email="other@x.example", phone="505603497")

    owner.call(privacy.erase, email=EMAIL)
    owner.call(privacy.erase, phone="505603497")

    assert owner.rows("submissions") == 0


def test_what_nobody_confirms_goes_after_thirty_days(owner, database):
    form = owner.form()
    owner.submit(form["id"], email="kept@x.example")
    owner.confirm(owner.tokens()[0])
    owner.submit(form["id"])

    for days, left in ((29, 2), (31, 1)):
        with database.transaction() as session:
            submissions.sweep(session, now=owner.at(timedelta(days=days)))
        assert owner.rows("submissions") == left
    assert owner.rows("confirmation_mails") == 0


def test_a_closed_account_leaves_nothing(owner):
    form = owner.form()
    owner.submit(form["id"])
    owner.confirm(owner.tokens()[0])
    owner.submit(form["id"], email="later@x.example")

    owner.close()

    for table in ("forms", "submissions", "confirmation_mails", "consent_changes"):
        assert owner.rows(table) == 0


def test_another_account_sees_nothing(owner, new_owner):
    form, other = owner.form(), new_owner()
    contact_id = owner.add_contact(EMAIL)

    for usecase, request in (
        (forms.get, {"form_id": form["id"]}),
        (forms.delete, {"form_id": form["id"]}),
        (forms.list_submissions, {"form_id": form["id"], "limit": 10, "cursor": None}),
        (consents.list_consents, {"contact_id": contact_id}),
    ):
        with pytest.raises(NotFound):
            other.call(usecase, **request)
    with pytest.raises(NotFound):
        other.change(form["id"], name="Moje")


CONSENTS = st.sampled_from([True, False, None])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=CONSENTS, changes=st.lists(st.tuples(st.sampled_from(["sms", "email"]), CONSENTS), max_size=8))
def test_the_history_is_every_change_in_its_order(owner, first, changes):
    contact_id = owner.add_contact(f"{new_id()}@x.example", consents=_consents("email", first))
    told = [("email", first)] if first is not None else []
    now = {"sms": None, "email": first}

    for channel, granted in changes:
        owner.call(people.update, contact_id=contact_id, consents=_consents(channel, granted))
        if granted != now[channel]:
            told.append((channel, granted))
        now[channel] = granted

    assert [(one["channel"], one["granted"]) for one in owner.history(contact_id)] == told


def _consents(channel, granted):
    return {channel: None if granted is None else {"granted": granted}}
