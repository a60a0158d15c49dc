"""What the button in the mail does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from contacts.usecases import fields, groups, sign_ups
from contracts.errors import NotFound, PlanLimit
from contracts.vocabulary import ArchiveReason, Channel

EMAIL = "ola@x.example"
ANSWERS = {"fields_": {"email": EMAIL}, "consent": True, "consent_version": None, "language": None, "website": ""}


def test_a_confirmation_makes_a_contact_with_evidence(owner):
    owner.call(fields.create, key="shoe_size", label="Rozmiar", type="number")
    group = owner.call(groups.create, name="Newsletter", description="")
    form = owner.form(
        fields=[{"key": "first_name"}, {"key": "phone"}, {"key": "birth_date"}, {"key": "shoe_size"}],
        channels=["email", "sms"],
        group_ids=[str(group["id"])],
        confirmed_url="https://sklep.example/dzieki",
    )
    owner.submit(form["id"], first_name="Ola", phone="505 603 496", birth_date="31.05.1990", shoe_size="38,5")
    token = owner.tokens()[0]

    looked = [owner.look(token) for _ in range(2)]
    assert owner.account.people() == []
    done = owner.confirm(token, later=timedelta(hours=1))
    again = owner.confirm(token, later=timedelta(hours=2))

    assert [one["state"] for one in (*looked, done, again)] == ["pending", "pending", "confirmed", "confirmed"]
    assert done["confirmed_url"] == "https://sklep.example/dzieki"
    (contact,) = owner.contacts()
    assert contact["group_ids"] == [group["id"]]
    assert (contact["email"], contact["phone"], contact["first_name"]) == (EMAIL, "+48505603496", "Ola")
    assert str(contact["birth_date"]) == "1990-05-31"
    assert contact["fields_"] == {"shoe_size": 38.5}
    assert contact["consents"]["email"] == contact["consents"]["sms"] == {
        "granted": True, "source": f"form:{form['id']}", "at": owner.at(timedelta(hours=1)),
    }  # fmt: skip
    history = owner.history(contact["id"])
    assert [(one["channel"], one["granted"]) for one in history] == [("sms", True), ("email", True)]
    evidence = history[1]["evidence"]
    assert evidence["consent_text"] == "Chcę dostawać wiadomości." and evidence["consent_version"] == 1
    assert evidence["submitted"] == {"at": owner.at(), "address": "192.0.2.7", "user_agent": "Firefox"}
    assert evidence["confirmed"] == {"at": owner.at(timedelta(hours=1)), "address": "192.0.2.8", "user_agent": "Safari"}
    (shown,) = owner.submissions(form["id"], state="confirmed")
    assert (shown["contact_id"], shown["granted"]) == (contact["id"], ["email", "sms"])


def test_a_known_contact_is_merged_by_email_and_keeps_what_it_has(owner):
    contact_id = owner.add_contact(
        EMAIL, first_name="Aleksandra", city="Gdynia", consents={"email": {"granted": False}}
    )
    form = owner.form(fields=[{"key": "first_name"}, {"key": "city"}])
    owner.submit(form["id"], first_name="Ola", city="")

    owner.confirm(owner.tokens()[0])

    (contact,) = owner.contacts()
    assert (contact["id"], contact["first_name"], contact["city"]) == (contact_id, "Ola", "Gdynia")
    assert [(one["granted"], one["evidence"] is not None) for one in owner.history(contact_id)] == [
        (False, False),
        (True, True),
    ]


def test_links_expire_and_unknown_ones_are_nobody(owner):
    form = owner.form()
    owner.submit(form["id"])
    token = owner.tokens()[0]

    late = owner.confirm(token, later=timedelta(days=7))

    assert late["state"] == owner.look(token, later=timedelta(days=8))["state"] == "expired"
    assert owner.contacts() == []
    assert [one["state"] for one in owner.submissions(form["id"], later=timedelta(days=8))] == ["expired"]
    assert owner.submissions(form["id"], state="pending", later=timedelta(days=8)) == []
    with pytest.raises(NotFound):
        owner.look("a" * 43)
    with pytest.raises(NotFound):
        owner.confirm("ą\ud800")


def test_every_mail_of_a_repeated_sign_up_has_a_link_that_works_once_in_all(owner):
    form = owner.form(fields=[{"key": "first_name"}])
    owner.submit(form["id"], first_name="Ola")
    owner.submit(form["id"], first_name="Zły")
    first, second = owner.tokens()

    assert owner.confirm(first)["state"] == "confirmed"
    assert owner.confirm(second)["state"] == "confirmed"

    assert [one["first_name"] for one in owner.contacts()] == ["Ola"]
    assert len(owner.submissions(form["id"], state="confirmed")) == 1


def test_a_phone_of_somebody_else_stays_theirs_and_gets_no_consent(owner):
    holder = owner.add_contact("holder@x.example", phone="505603496")
    form = owner.form(fields=[{"key": "phone"}], channels=["email", "sms"])
    owner.submit(form["id"], phone="505603496")

    owner.confirm(owner.tokens()[0])

    by_email = {one["email"]: one for one in owner.contacts()}
    assert by_email[EMAIL]["phone"] is None and by_email[EMAIL]["consents"]["sms"] is None
    assert by_email["holder@x.example"]["id"] == holder and by_email["holder@x.example"]["consents"]["sms"] is None
    assert owner.submissions(form["id"])[0]["granted"] == ["email"]


def test_a_fresh_consent_ends_what_the_person_or_the_mailbox_said_not_what_the_account_decided(owner):
    form = owner.form()
    for reason in ArchiveReason:
        owner.archive(Channel.EMAIL, f"{reason}@x.example", reason)
        owner.submit(form["id"], email=f"{reason}@x.example")

    for token in owner.tokens():
        owner.confirm(token)

    for reason in ArchiveReason:
        (entry,) = owner.archived(f"{reason}@x.example")
        is_restored = entry["restored_at"] is not None
        assert is_restored == (reason in ("unsubscribed", "stop", "hard_bounce", "complaint"))
        assert (entry["restore_note"] or "").startswith(f"form:{form['id']}") == is_restored
        assert entry["restored_by"] is None


@pytest.mark.parametrize("is_theirs", [True, False])
def test_a_stop_by_phone_is_undone_only_by_the_contact_with_that_phone(owner, is_theirs):
    if is_theirs:
        owner.add_contact(EMAIL, phone="505603496")
    owner.archive(Channel.SMS, "+48505603496", ArchiveReason.STOP)
    form = owner.form(fields=[{"key": "phone"}], channels=["email", "sms"])
    owner.submit(form["id"], phone="505603496")

    owner.confirm(owner.tokens()[0])

    (entry,) = owner.archived("+48505603496")
    assert (entry["restored_at"] is not None) == is_theirs


def test_an_erased_person_may_come_back_by_themselves(owner):
    owner.add_contact(EMAIL, phone="505603496")
    owner.erase(EMAIL, "+48505603496")
    form = owner.form(fields=[{"key": "phone"}], channels=["email", "sms"])
    owner.submit(form["id"], phone="505603496")

    owner.confirm(owner.tokens()[0])

    (contact,) = owner.contacts()
    assert contact["consents"]["email"]["granted"] is contact["consents"]["sms"]["granted"] is True
    assert owner.erased(EMAIL, "+48505603496") == []


def test_nobody_else_brings_an_erased_phone_back(owner):
    owner.add_contact("gone@x.example", phone="505603496")
    owner.erase("gone@x.example", "+48505603496")
    form = owner.form(fields=[{"key": "phone"}], channels=["email", "sms"])
    owner.submit(form["id"], phone="505603496")

    owner.confirm(owner.tokens()[0])

    (contact,) = owner.contacts()
    assert (contact["phone"], contact["consents"]["sms"]) == (None, None)
    assert owner.erased("gone@x.example", "+48505603496") == ["+48505603496", "gone@x.example"]


def test_the_plans_limit_holds_and_the_link_stays_good(new_owner):
    owner = new_owner(limit=1)
    owner.add_contact("other@x.example")
    form = owner.form()
    owner.submit(form["id"])
    token = owner.tokens()[0]

    with pytest.raises(PlanLimit):
        owner.confirm(token)
    assert owner.look(token)["state"] == "pending"
    assert owner.confirm(token, limit=2)["state"] == "confirmed"


def test_groups_and_fields_that_are_gone_do_not_stop_a_confirmation(owner):
    field = owner.call(fields.create, key="shoe_size", label="Rozmiar", type="number")
    gone = owner.call(groups.create, name="Stara", description="")
    form = owner.form(fields=[{"key": "shoe_size", "required": True}], group_ids=[str(gone["id"])])
    owner.submit(form["id"], shoe_size=38)
    owner.call(groups.delete, group_id=gone["id"])
    owner.call(fields.delete, field_id=field["id"])

    assert owner.confirm(owner.tokens()[0])["state"] == "confirmed"
    owner.submit(form["id"], email="ala@x.example")

    assert [one["group_ids"] for one in owner.contacts()] == [[]]
    renamed = owner.change(form["id"], name="Stopka")
    assert ([field["key"] for field in renamed["fields_"]], renamed["group_ids"]) == (["email"], [])


def test_all_at_once_no_address_gets_more_mails_and_no_link_counts_twice(owner):
    form = owner.form()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: owner.submit(form["id"]), range(8)))
        tokens = owner.tokens()
        answers = list(pool.map(owner.confirm, tokens + tokens))

    assert len(tokens) == 3
    assert sorted(answer["already"] for answer in answers) == [False] + [True] * 5
    assert len(owner.contacts()) == 1
    assert len(owner.submissions(form["id"], state="confirmed")) == 1


def test_the_end_of_an_account_waits_for_what_is_being_submitted(owner, database):
    form = owner.form()
    with database.transaction() as session, ThreadPoolExecutor(1) as pool:
        found = sign_ups.submit(
            session, actor={}, now=owner.at(), form_id=form["id"], only_to=None, user_agent="", **ANSWERS
        )
        closing = pool.submit(lambda: owner.close())
        assert found["state"] == "pending" and not closing.done()
        session.commit()
        closing.result(20)

    assert owner.rows("submissions") == owner.rows("forms") == 0
