"""On whose behalf a call is made."""

from uuid import uuid4

import pytest

from chassis.actors import account_of, operator_of
from contracts.errors import Forbidden

ACCOUNT, OPERATOR = uuid4(), uuid4()


def test_the_ids_of_whoever_asks() -> None:
    assert account_of({"account_id": str(ACCOUNT)}) == ACCOUNT
    assert operator_of({"operator_id": str(OPERATOR)}) == OPERATOR


@pytest.mark.parametrize(
    ("asked", "actor", "code"),
    [
        (account_of, {"operator_id": str(OPERATOR)}, "account.required"),
        (account_of, {"account_id": None}, "account.required"),
        (account_of, {}, "account.required"),
        (operator_of, {"account_id": str(ACCOUNT), "operator_id": None}, "operator.required"),
        (operator_of, {}, "operator.required"),
    ],
)
def test_whoever_lacks_the_id_is_told_which(asked, actor, code) -> None:
    with pytest.raises(Forbidden) as refused:
        asked(actor)

    assert refused.value.code == code and "permission" not in refused.value.extra
