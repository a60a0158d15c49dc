"""A consent is an act: the latest stands, whatever the order in which lists bring them, and of one day the refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.usecases import people, upserts
from contracts.errors import Conflict
from contracts.vocabulary import Channel

ACTS = st.lists(st.tuples(st.booleans(), st.integers(1, 28)), min_size=1, max_size=5)
# How the acts are dealt out to lists: those of one list come together.
CUTS = st.lists(st.booleans(), min_size=5, max_size=5)
WORDS = {True: "tak", False: "nie"}


def _line(act: tuple[bool, int]) -> str:
    return f"ola@x.example;{WORDS[act[0]]};2020-05-{act[1]:02}\n"


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(ACTS, CUTS, st.randoms(use_true_random=False))
def test_the_latest_act_stands_whatever_the_order(new_account: Any, acts: Any, cuts: Any, order: Any) -> None:
    account = new_account()
    order.shuffle(acts)
    lists = [""]
    for act, cut in zip(acts, cuts, strict=False):
        lists = [*lists, ""] if cut else lists
        lists[-1] += _line(act)

    for lines in filter(None, lists):
        account.import_file("email;zgoda e-mail;data zgody\n" + lines)

    latest = max(day for _, day in acts)
    (one,) = account.people()
    assert one["email_consent"] == all(granted for granted, day in acts if day == latest)
    assert one["email_consent_at"] == datetime(2020, 5, latest, tzinfo=UTC)


def test_a_list_without_dates_undoes_nobodys_refusal_and_says_so(account: Any) -> None:
    account.import_file("email;zgoda e-mail\nola@x.example;nie\njan@x.example;\n")

    job = account.import_file("email;imie\nola@x.example;Ola\njan@x.example;Jan\n", consent=["email"])

    assert job["problems"] == {"email_consent.refused": 1} and job["counts"]["warnings"] == 1
    assert "email_consent.refused" in account.download(job["warnings_file_id"])
    assert {one["email"]: (one["email_consent"], one["first_name"]) for one in account.people()} == {
        "ola@x.example": (False, "Ola"),
        "jan@x.example": (True, "Jan"),
    }


def test_a_refusal_without_a_date_is_one_of_now(account: Any) -> None:
    account.import_file("email;zgoda e-mail;data zgody\nola@x.example;tak;2020-01-01\n")

    account.import_file("email;zgoda e-mail\nola@x.example;nie\n")

    assert account.people()[0]["email_consent"] is False


@pytest.mark.parametrize(("word", "stands"), [("nie", False), ("tak", True)])
def test_where_existing_values_stay_a_refusal_counts_all_the_same(account: Any, word: str, stands: bool) -> None:
    account.import_file("email;zgoda e-mail;data zgody\nola@x.example;tak;2020-01-01\n")

    account.import_file(f"email;zgoda e-mail;data zgody\nola@x.example;{word};2020-06-01\n", precedence="keep_existing")

    assert account.people()[0]["email_consent"] is stands


def test_the_date_of_each_channels_consent_is_that_of_its_own_act(account: Any) -> None:
    account.import_file(
        "email;zgoda e-mail;zgoda sms;data zgody\n"
        "ola@x.example;tak;;2020-05-01\nola@x.example;;nie;2020-06-01\nola@x.example;nie;tak;2020-04-01\n"
    )

    (one,) = account.people()
    assert (one["email_consent"], one["email_consent_at"]) == (True, datetime(2020, 5, 1, tzinfo=UTC))
    assert (one["sms_consent"], one["sms_consent_at"]) == (False, datetime(2020, 6, 1, tzinfo=UTC))


def test_a_copy_of_an_older_consent_undoes_no_refusal_by_the_api_either(account: Any) -> None:
    spring, summer = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    contact = account.call(
        people.create, terms=account.terms, email="ola@x.example", consents={"email": {"granted": False, "at": summer}}
    )
    older: Any = {"consents": {"email": {"granted": True, "at": spring}}}

    with pytest.raises(Conflict) as refused:
        account.call(people.update, contact_id=contact["id"], **older)
    item = account.call(
        upserts.upsert_many, terms=account.terms, merge_by="email", contacts=[{"email": "ola@x.example", **older}]
    )["items"][0]

    assert refused.value.code == item["code"] == "consent.refused_since"
    assert account.people()[0]["email_consent"] is False
    account.call(people.update, contact_id=contact["id"], consents={"email": {"granted": True}})
    assert account.people()[0]["email_consent"] is True


def test_consents_of_every_channel_come_with_a_list(account: Any) -> None:
    account.import_file(
        "telefon;zgoda rcs;WhatsApp consent;viber_consent;zgoda push;data zgody\n"
        "600100200;tak;nie;;nie;2020-05-01\n600100201;;tak;tak;;2020-05-02\n",
        consent=["rcs"],
    )

    names = [f"{channel}_consent" for channel in ("sms", "rcs", "whatsapp", "viber", "push")]
    first, second = sorted(account.people(), key=lambda one: one["phone"])
    assert [first[name] for name in names] == [None, True, False, None, False]
    assert [second[name] for name in names] == [None, True, True, True, None]
    assert second["whatsapp_consent_at"] == datetime(2020, 5, 2, tzinfo=UTC)
    assert second["rcs_consent_source"].startswith("import:")


def test_a_list_undoes_no_refusal_on_another_channel(account: Any) -> None:
    account.import_file("telefon;zgoda rcs;zgoda whatsapp\n600100200;nie;tak\n")

    job = account.import_file("telefon;imie\n600100200;Ola\n", consent=["rcs", "whatsapp"])

    assert job["problems"] == {"rcs_consent.refused": 1}
    (one,) = account.people()
    assert (one["rcs_consent"], one["whatsapp_consent"], one["first_name"]) == (False, True, "Ola")


def test_an_export_comes_back_with_all_its_consents(account: Any) -> None:
    header = "phone;" + ";".join(f"{channel}_consent" for channel in Channel)
    account.import_file(f"{header}\n+48600100200;1;0;1;0;1;0\n")

    assert [account.people()[0][f"{channel}_consent"] for channel in Channel] == [True, False] * 3
