"""What is asked of others about a step, and what is made of their answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from campaigns.domain.chains import Act
from campaigns.usecases.chain_work import Outcome, Task, do
from contracts.errors import NotFound, Unavailable
from contracts.vocabulary import Channel, MessageState

ID = UUID(int=1)
MAIL = {"content": {"text": "Hello"}, "sender": {"email": "shop@example.com"}}
SENDS = Task(
    lease=ID, chain_id=ID, account_id=ID, place=0, act=Act.SEND, channel=Channel.EMAIL, address=None,
    is_addressed=False, contact_id=ID, message_id=None, send={"said": MAIL, "labels": {}}, waits_for_reading=False,
    taken_at=datetime(2026, 12, 1, tzinfo=UTC),
)  # fmt: skip
LOOKS = replace(SENDS, act=Act.LOOK, message_id=ID, waits_for_reading=True)


class Others:
    """Answers of other services by name; what is an exception is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]

    def __call__(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 1.0) -> Any:
        self.asked.append((name, payload))
        answer = self.answers[name.partition(".")[0]]
        if isinstance(answer, Exception):
            raise answer
        return answer


def noted(task: Task, address: str) -> bool:
    return True


@pytest.mark.parametrize(
    "silence", [NotFound("message.not_found", "Not yet."), Unavailable("service.unavailable", "Away.")]
)
def test_a_message_log_that_has_nothing_yet_hides_no_state(silence: Exception) -> None:
    call = Others(email_gateway={"state": "delivered", "code": None}, reporting=silence)

    assert do(LOOKS, call, noted) == Outcome(state=MessageState.DELIVERED, is_whole=False)


def test_what_fails_as_nobody_expects_is_asked_again() -> None:
    assert do(LOOKS, Others(email_gateway={"nothing": "known"}), noted) == Outcome()


def test_a_repeat_goes_where_the_first_try_went_whatever_became_of_the_contact() -> None:
    taken = {"messages": [{"id": str(ID)}]}
    call = Others(contacts=NotFound("contact.not_found", "Gone."), email_gateway=taken)

    first = do(SENDS, call, noted)
    again = do(replace(SENDS, address="anna@example.com", is_addressed=True), call, noted)

    assert (first.code, again.message_id) == ("contact.gone", ID)
    assert call.asked[-1][1]["to"] == [{"email": "anna@example.com"}]


def test_nothing_is_handed_over_by_whom_it_is_no_longer_leased_to_or_without_its_content() -> None:
    contact = {"email": "anna@example.com", "consents": {}, "archived": []}
    call = Others(contacts=contact, email_gateway={"messages": [{"id": str(ID)}]})
    forgotten = replace(SENDS, send={"said": {**MAIL, "content": None}, "labels": {}})

    assert do(SENDS, call, lambda task, address: False) == Outcome()
    assert do(forgotten, call, noted).code == "contact.gone"
    assert {name for name, _ in call.asked} == {"contacts.get_contact"}
