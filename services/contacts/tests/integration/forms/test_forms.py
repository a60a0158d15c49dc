"""Forms as their owner makes them, and what strangers submit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest

from chassis.ids import new_id
from contacts.service.sign_ups import SignUps
from contacts.usecases import archive, fields, forms, people, privacy, sign_ups
from contracts.errors import Conflict, Invalid, NotFound
from contracts.vocabulary import ArchiveReason, Channel

EMAIL = "ola@x.example"


def slugs(error: Any) -> dict[str, str]:
    return {one["field"]: one["code"] for one in error.value.errors}


# The form


def test_a_form_asks_for_email_first_and_counts_versions_of_its_consent(owner):
    owner.call(fields.create, key="shoe_size", label="Rozmiar", type="number")
    made = owner.form(
        fields=[{"key": "shoe_size", "required": True}], language="en", consent_texts={"en": "Yes, mail me."}
    )

    renamed = owner.change(made["id"], name="Stopka")
    reworded = owner.change(made["id"], consent_texts={"en": "Yes, write to me.", "pl": "Tak."})

    assert [(field["key"], field["required"]) for field in made["fields_"]] == [("email", True), ("shoe_size", True)]
    assert (made["consent_version"], renamed["consent_version"], reworded["consent_version"]) == (1, 1, 2)
    assert renamed["consent_texts"] == {"en": "Yes, mail me."}
    described = owner.call(sign_ups.describe, form_id=made["id"])
    assert [(field["key"], field["type"]) for field in described["fields_"]] == [
        ("email", "email"),
        ("shoe_size", "number"),
    ]


REFUSED_FORMS = [
    ({"fields": [{"key": "colour"}]}, "fields.0.key", "contact_field.not_found"),
    ({"fields": [{"key": "city"}, {"key": "city"}]}, "fields.1.key", "form.field_repeated"),
    ({"fields": [{"key": "external_id"}]}, "fields.0.key", "contact_field.not_found"),
    ({"channels": ["sms"]}, "channels", "form.phone_missing"),
    ({"language": "en"}, "language", "form.text_missing"),
    ({"consent_texts": {"pl": "  "}}, "consent_texts", "form.no_consent_text"),
    ({"group_ids": [str(new_id())]}, "group_ids.0", "group.not_found"),
    ({"sender": {"email": "boss@bank.example"}}, "sender.email", "email.sender_not_authorised"),
]


def test_a_form_that_cannot_work_is_refused(owner):
    for given, field, code in REFUSED_FORMS:
        with pytest.raises(Invalid) as refused:
            owner.form(may_send=False, **given)
        assert slugs(refused) == {field: code}


def test_two_forms_may_not_have_one_name_unless_one_is_archived(owner):
    first = owner.form(name="Newsletter")
    with pytest.raises(Conflict):
        owner.form(name="newsletter")
    owner.change(first["id"], archived=True)
    second = owner.form(name="newsletter")

    with pytest.raises(Conflict):
        owner.change(first["id"], archived=False)
    assert [one["id"] for one in owner.call(forms.list_forms, limit=10, cursor=None, archived=False)["items"]] == [
        second["id"]
    ]
    with pytest.raises(NotFound):
        owner.submit(first["id"])


# Submitting


def test_a_submission_asks_for_one_mail_and_makes_nobody_a_contact(owner):
    form = owner.form(title="Nowości", sender={"email": "sklep@sklep.example", "name": "Sklep"})

    answer = owner.submit(form["id"], email=" Ola@X.example ", first_name="Ola")

    (mail,) = owner.mails()
    assert answer == {"state": "pending", "detail": answer["detail"]}
    assert owner.account.people() == []
    assert mail["to"] == EMAIL
    assert (mail["language"], mail["title"], mail["account_name"], mail["days_valid"]) == (
        "pl",
        "Nowości",
        "sklepik",
        7,
    )
    assert mail["sender"] == {"email": "sklep@sklep.example", "name": "Sklep"}
    assert "Ola" not in orjson.dumps({**mail, "to": ""}).decode()
    (shown,) = owner.submissions(form["id"])
    assert (shown["state"], shown["email"], shown["fields_"]) == (
        "pending",
        EMAIL,
        {"email": EMAIL, "first_name": "Ola"},
    )
    assert "token" not in str(list(shown)).replace("token_hash", "")


def test_the_answer_is_the_same_for_every_address(owner):
    form = owner.form()
    known = owner.add_contact("known@x.example")
    owner.add_contact("gone@x.example")
    owner.call(
        archive.add,
        channel=Channel.EMAIL,
        addresses=["left@x.example"],
        contact_ids=[],
        reason=ArchiveReason.UNSUBSCRIBED,
        note="",
    )
    owner.call(privacy.erase, email="gone@x.example")

    answers = [owner.submit(form["id"], email=f"{who}@x.example") for who in ("new", "known", "left", "gone")]

    assert len({orjson.dumps(answer) for answer in answers}) == 1
    assert len(owner.mails()) == 4
    assert owner.call(people.get, contact_id=known)["consents"]["email"] is None


WRONG_ANSWERS = [
    ({"email": "not an address"}, {"fields.email": "email.invalid"}),
    ({"email": ""}, {"fields.email": "form.answer_missing"}),
    ({"email": 7}, {"fields.email": "email.invalid"}),
    ({"phone": "12"}, {"fields.phone": "phone.invalid"}),
    ({"shoe_size": "large"}, {"fields.shoe_size": "contact_field.wrong_type"}),
    ({"shoe_size": [1]}, {"fields.shoe_size": "contact_field.wrong_type"}),
    ({"birth_date": "2999-01-01"}, {"fields.birth_date": "birth_date.invalid"}),
    ({"company": "Nikt nie pytał"}, {"fields.company": "form.not_asked"}),
    ({"email": "x", "phone": "y"}, {"fields.email": "email.invalid", "fields.phone": "phone.invalid"}),
]


def test_wrong_answers_are_named(owner):
    owner.call(fields.create, key="shoe_size", label="Rozmiar", type="number")
    form = owner.form(fields=[{"key": key} for key in ("email", "phone", "birth_date", "shoe_size")])

    for given, wrong in WRONG_ANSWERS:
        with pytest.raises(Invalid) as refused:
            owner.submit(form["id"], **given)
        assert slugs(refused) == wrong
    assert owner.mails() == []


def test_without_consent_or_with_another_text_than_ours_nothing_is_kept(owner):
    form = owner.form()

    with pytest.raises(Invalid) as refused:
        owner.submit(form["id"], consent=False)
    with pytest.raises(Conflict) as changed:
        owner.submit(form["id"], consent_version=2)

    assert slugs(refused) == {"consent": "form.consent_missing"}
    assert (changed.value.code, changed.value.extra) == ("form.consent_changed", {"consent_version": 1})
    assert owner.submissions(form["id"]) == owner.mails() == []


def test_a_machine_in_the_trap_gets_the_same_answer(owner):
    form = owner.form()

    answer = owner.submit(form["id"], website="https://spam.example")

    assert answer == owner.submit(form["id"])
    assert len(owner.mails()) == 1


def test_no_address_is_bombed_with_mails(owner, new_owner):
    form, others = owner.form(), [new_owner() for _ in range(4)]

    answers = [owner.submit(form["id"]) for _ in range(5)]
    for other in others:
        mine = other.form()
        for _ in range(3):
            other.submit(mine["id"])
    owner.submit(form["id"], later=timedelta(hours=25))

    assert len({orjson.dumps(answer) for answer in answers}) == 1
    assert len(owner.mails()) == 3 + 1
    assert sum(len(other.mails()) for other in others) == 10 - 3


def test_no_mailbox_is_bombed_through_its_many_spellings(owner):
    form = owner.form()

    for number in range(4):
        owner.submit(form["id"], email=f"jan.kowalski+{number}@gmail.com")
        owner.submit(form["id"], email=f"jankowalski+{number}@googlemail.com")
        owner.submit(form["id"], email=f"ola.nowak+{number}@poczta.example")
        owner.submit(form["id"], email="olanowak@poczta.example")

    mailed = [mail["to"].partition("@")[0].partition("+")[0] for mail in owner.mails()]
    assert mailed.count("jan.kowalski") + mailed.count("jankowalski") == 3
    assert mailed.count("ola.nowak") == mailed.count("olanowak") == 3


def test_the_form_of_an_account_on_trial_mails_nobody_but_its_proved_addresses(owner):
    form = owner.form(title="Wygraj telefon")["id"]
    proved = ["szef@sklep.example"]

    answers = [owner.submit(form, email=email, only_to=proved) for email in ("ola@x.example", "Szef@sklep.example")]

    assert [mail["to"] for mail in owner.mails()] == ["szef@sklep.example"]
    assert answers[0] == answers[1], "whose addresses are proved is told to nobody"
    assert answers[0]["state"] == "trial"
    assert len(owner.submissions(form)) == 1


def test_identity_is_asked_while_no_transaction_is_open(owner: Any, database: Any) -> None:
    """An RPC inside a transaction would hold a connection for as long as another service takes to answer."""
    form_id = owner.form()["id"]
    open_sessions, asked = [], []

    class Watched:
        @contextmanager
        def _watched(self, opened: Any) -> Iterator[Any]:
            with opened as session:
                open_sessions.append(session)
                yield session
                open_sessions.remove(session)

        def reading(self) -> Any:
            return self._watched(database.reading())

        def transaction(self) -> Any:
            return self._watched(database.transaction())

    service = object.__new__(SignUps)
    service.database = Watched()
    service.only_to_of = lambda account_id: asked.append((account_id, list(open_sessions)))
    body = {"form_id": str(form_id), "fields": {"email": "ola@x.example"}, "consent": True, "user_agent": "Firefox"}

    service.submit_form({"address": "192.0.2.7"}, body)

    assert asked == [(owner.account.id, [])]
    assert len(owner.mails()) == 1
