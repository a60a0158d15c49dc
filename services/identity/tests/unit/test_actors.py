"""Who may act as a user: what each kind of actor is refused with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from contracts.errors import Forbidden
from identity.usecases.actors import session_user_of, user_of

ACCOUNT, USER, SESSION = (f"019abf20-5c00-7000-8000-00000000000{number}" for number in (1, 2, 3))
KEY = {"account_id": ACCOUNT, "user_id": USER, "api_key_id": SESSION}


def test_a_user_in_a_session_is_known() -> None:
    assert session_user_of({"account_id": ACCOUNT, "user_id": USER, "session_id": SESSION}) == UUID(USER)


def test_a_key_acts_for_its_maker_but_is_no_session() -> None:
    assert user_of(KEY) == UUID(USER)
    with pytest.raises(Forbidden) as refused:
        session_user_of(KEY)
    assert refused.value.code == "session.required"


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        ({}, "account.required"),
        ({"operator_id": USER, "session_id": SESSION}, "account.required"),
        ({"account_id": ACCOUNT, "service": "campaigns"}, "session.required"),
    ],
)
def test_who_is_no_user_is_refused(actor: Any, code: str) -> None:
    with pytest.raises(Forbidden) as refused:
        user_of(actor)
    assert refused.value.code == code
