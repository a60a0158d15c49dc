"""Who can be reached by push and on Viber, as the channels tell: late, twice and in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from contacts.usecases import consents, devices, people, viber

from .conftest import NOON, Account

SECOND = timedelta(seconds=1)


def tell(account: Account, contact_id: Any, is_reachable: bool, at: datetime) -> None:
    told = [{"contact_id": contact_id, "is_reachable": is_reachable}]
    with account.database.transaction() as session:
        viber.note_reach(session, account_id=account.id, people=told, at=at)


def contact(account: Account, **more: Any) -> Any:
    return account.call(people.create, terms=account.terms, email="anna@poczta.example", **more)["id"]


def shown(account: Account, contact_id: Any) -> Any:
    return account.call(people.get, contact_id=contact_id)


def test_the_first_subscription_is_consent_and_its_end_takes_the_address_alone(account: Account) -> None:
    anna = contact(account)
    tell(account, anna, True, NOON)
    assert shown(account, anna)["viber"] == str(anna)
    assert shown(account, anna)["consents"]["viber"] == {"granted": True, "source": "subscription", "at": NOON}

    tell(account, anna, False, NOON + SECOND)

    assert shown(account, anna)["viber"] is None and shown(account, anna)["consents"]["viber"]["granted"]
    (written,) = account.call(consents.list_consents, contact_id=anna)["items"]
    assert (written["channel"], written["granted"]) == ("viber", True)


def test_a_subscription_undoes_no_refusal(account: Account) -> None:
    anna = contact(account, consents={"viber": {"granted": False, "source": "phone"}})
    tell(account, anna, True, NOON)

    assert shown(account, anna)["consents"]["viber"]["granted"] is False


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_what_is_told_the_latest_says_what_is_in_whatever_order_it_comes(
    account: Account, order: tuple[int, ...]
) -> None:
    anna = contact(account)
    for place in order:
        tell(account, anna, place != 1, NOON + place * SECOND)
        tell(account, anna, place != 1, NOON + place * SECOND)

    assert shown(account, anna)["viber"] == str(anna)


def test_nobody_of_another_account_is_reached_by_it(account: Account) -> None:
    anna, other = contact(account), Account(account.database)
    tell(other, anna, True, NOON)

    assert shown(account, anna)["viber"] is None


def test_devices_that_are_gone_take_no_address_that_came_after_it(account: Account) -> None:
    """What is said of a moment before a device was registered is told late."""
    anna = contact(account)
    asked: dict[str, Any] = {"external_id": None, "email": "anna@poczta.example", "phone": None}
    account.call(devices.note_device, **asked)

    for at, address in ((NOON - SECOND, str(anna)), (NOON + SECOND, None)):
        with account.database.transaction() as session:
            devices.forget_devices(session, account_id=account.id, addresses=[str(anna)], at=at)
        assert shown(account, anna)["push"] == address
