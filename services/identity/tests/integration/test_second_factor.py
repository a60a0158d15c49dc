"""The second factor (A12)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, TooManyRequests, Unauthenticated
from identity.hashing import Passwords
from identity.usecases import second_factor, users

Actor = dict[str, Any]
PASSWORD = "trzy zielone parasole"


@pytest.fixture
def sealed(act: Callable[..., Any], vault: Any) -> Callable[..., Any]:
    """Run a use case that opens sealed seeds."""
    return partial(act, vault=vault)


@pytest.fixture
def enrolled(owner: Actor, sealed: Callable[..., Any], clock: Any) -> tuple[pyotp.TOTP, list[str]]:
    """The owner with the second factor on: the app, and the recovery codes."""
    app = pyotp.TOTP(sealed(second_factor.begin, owner)["secret"])
    codes = sealed(second_factor.confirm, owner, code=app.at(clock.now))["recovery_codes"]
    clock.advance(seconds=90)
    return app, codes


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Unauthenticated) as refused:
        act()
    return refused.value.code


def test_enrolment_shows_the_seed_as_a_picture_and_is_in_force_once_confirmed(
    owner: Actor, sealed: Callable[..., Any], log_in: Callable[..., Any], clock: Any
) -> None:
    shown = sealed(second_factor.begin, owner)

    assert shown["qr_svg"].startswith("<svg")
    assert shown["uri"].startswith("otpauth://totp/Wici:kowal?secret=")
    assert log_in("kowal")["access_token"]
    with pytest.raises(Invalid):
        sealed(second_factor.confirm, owner, code="000000")
    codes = sealed(second_factor.confirm, owner, code=pyotp.TOTP(shown["secret"]).at(clock.now))["recovery_codes"]
    assert len(set(codes)) == 10
    assert refusal(lambda: log_in("kowal")) == "session.totp_required"


def test_a_log_in_takes_each_code_once(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any], clock: Any
) -> None:
    app, _ = enrolled
    code = app.at(clock.now)

    assert refusal(lambda: log_in("kowal", totp="000000")) == "session.totp_wrong"
    assert log_in("kowal", totp=code)["access_token"]
    assert refusal(lambda: log_in("kowal", totp=code)) == "session.totp_wrong"


def test_a_recovery_code_opens_one_log_in_however_it_is_written(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any]
) -> None:
    _, codes = enrolled

    assert log_in("kowal", totp=codes[0].upper().replace("-", " "))["access_token"]
    assert refusal(lambda: log_in("kowal", totp=codes[0])) == "session.totp_wrong"
    assert log_in("kowal", totp=codes[1])["access_token"]


def test_codes_are_guessed_no_more_often_than_passwords(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any], clock: Any
) -> None:
    guesses = 0
    with pytest.raises(TooManyRequests) as locked:
        while True:
            try:
                log_in("kowal", totp=f"{guesses:06d}")
            except Unauthenticated:
                guesses += 1
                # Asking without a code in between must not give the guesses back.
                try:
                    log_in("kowal")
                except (TooManyRequests, Unauthenticated):
                    pass
            except TooManyRequests as slowed:
                if slowed.extra["retry_after"] > 60:
                    raise
                clock.advance(seconds=slowed.extra["retry_after"])
            assert guesses < 20
    assert guesses == 10
    assert locked.value.extra["retry_after"] > 60


def test_a_trusted_device_is_asked_for_no_code_until_its_days_are_over(
    owner: Actor,
    enrolled: tuple[pyotp.TOTP, list[str]],
    log_in: Callable[..., Any],
    act: Callable[..., Any],
    clock: Any,
) -> None:
    app, _ = enrolled
    device = log_in("kowal", totp=app.at(clock.now), trust_device=True)["device_token"]
    assert device

    clock.advance(days=29)
    owner = {**owner, "session_id": str(log_in("kowal", device_token=device)["session_id"])}
    act(second_factor.set_settings, owner, second_factor_required=False, trusted_device_days=7)
    assert refusal(lambda: log_in("kowal", device_token=device)) == "session.totp_required"
    act(second_factor.set_settings, owner, second_factor_required=False, trusted_device_days=0)
    assert log_in("kowal", totp=app.at(clock.now), trust_device=True)["device_token"] is None


def test_a_trusted_device_does_not_prolong_its_own_trust(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any], clock: Any
) -> None:
    app, _ = enrolled
    device = log_in("kowal", totp=app.at(clock.now), trust_device=True)["device_token"]

    clock.advance(days=29)
    assert log_in("kowal", device_token=device, trust_device=True)["device_token"] is None
    clock.advance(days=2)
    assert refusal(lambda: log_in("kowal", device_token=device)) == "session.totp_required"


def test_anothers_trusted_device_is_worth_nothing_here(
    enrolled: tuple[pyotp.TOTP, list[str]], register: Any, log_in: Callable[..., Any], sealed: Any, clock: Any
) -> None:
    other = register("murarz")
    other = {**other, "session_id": str(log_in("murarz")["session_id"])}
    app = pyotp.TOTP(sealed(second_factor.begin, other)["secret"])
    sealed(second_factor.confirm, other, code=app.at(clock.now))
    clock.advance(seconds=60)
    device = log_in("murarz", totp=app.at(clock.now), trust_device=True)["device_token"]

    assert refusal(lambda: log_in("kowal", device_token=device)) == "session.totp_required"


def test_a_user_without_the_factor_that_is_a_duty_may_do_nothing_else(
    principal_of: Callable[..., Any],
    owner: Actor,
    enrolled: tuple[pyotp.TOTP, list[str]],
    act: Callable[..., Any],
    database: Database,
    passwords: Passwords,
    log_in: Callable[..., Any],
    clock: Any,
) -> None:
    users.create_user(
        database,
        passwords=passwords,
        actor=owner,
        now=clock.now,
        login="bartek7",
        email="b@example.com",
        name="",
        password=PASSWORD,
        permissions=["contacts"],
        roles=[],
    )
    act(second_factor.set_settings, owner, second_factor_required=True, trusted_device_days=30)
    opened = log_in("bartek7")

    principal = principal_of(opened["access_token"])
    assert (principal["permissions"], principal["second_factor_due"]) == ([], True)
    shown = opened["me"]
    assert (shown["permissions"], shown["allowed"]) == (["contacts"], [])
    assert (shown["second_factor"], shown["second_factor_required"], shown["second_factor_due"]) == (False, True, True)


def test_a_duty_needs_ones_own_factor_first_and_cannot_be_shirked(
    owner: Actor, act: Callable[..., Any], sealed: Any, database: Database, vault: Any, clock: Any
) -> None:
    with pytest.raises(Conflict) as refused:
        act(second_factor.set_settings, owner, second_factor_required=True, trusted_device_days=30)
    assert refused.value.code == "totp.own_first"

    app = pyotp.TOTP(sealed(second_factor.begin, owner)["secret"])
    sealed(second_factor.confirm, owner, code=app.at(clock.now))
    act(second_factor.set_settings, owner, second_factor_required=True, trusted_device_days=30)
    with pytest.raises(Conflict) as refused:
        second_factor.disable(database, vault=vault, actor=owner, now=clock.advance(minutes=1), code=app.at(clock.now))
    assert refused.value.code == "totp.required"


def test_turning_it_off_takes_a_code(
    owner: Actor, enrolled: Any, database: Database, vault: Any, log_in: Any, clock: Any
) -> None:
    app, _ = enrolled

    with pytest.raises(Invalid):
        second_factor.disable(database, vault=vault, actor=owner, now=clock.now, code="000000")
    second_factor.disable(database, vault=vault, actor=owner, now=clock.now, code=app.at(clock.now))

    assert log_in("kowal")["access_token"]


def test_an_operator_resets_the_factor_of_who_has_lost_it(
    owner: Actor, enrolled: Any, act: Callable[..., Any], log_in: Any, mails: Any
) -> None:
    user_id = UUID(owner["user_id"])
    with pytest.raises(Forbidden):
        act(second_factor.reset, owner, user_id=user_id, reason="please")

    act(second_factor.reset, {"operator_id": str(uuid4())}, user_id=user_id, reason="asked by telephone")

    assert log_in("kowal")["access_token"]
    assert [mail["template"] for mail in mails()] == ["second_factor_on", "second_factor_reset"]
