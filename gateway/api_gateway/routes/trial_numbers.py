"""Trial numbers: where an account on trial may send SMS."""

from __future__ import annotations

from api_gateway.routing import Route
from contracts.identity import trial_numbers
from contracts.schema import PageQuery

NUMBER_EXAMPLE = {
    "id": "019abf20-5c00-7000-8000-00000000e001",
    "phone": "+48600100200",
    "confirmed_at": None,
    "created_at": "2026-11-24T08:00:00+00:00",
}

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/trial-numbers",
        rpc="identity.list_trial_numbers",
        permission="account.read",
        summary="List trial numbers",
        query=PageQuery,
        response=trial_numbers.TrialNumberPage,
        tags=["Trial numbers"],
        response_example={"items": [NUMBER_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/trial-numbers",
        rpc="identity.add_trial_number",
        permission="account.write",
        summary="Add a trial number and send it a code",
        description=(
            "The code goes there by SMS and is good for 15 minutes and five guesses; the same number again gets "
            "another code, unless it is confirmed. An account sends ten codes a day, a number gets three: then 429."
        ),
        request=trial_numbers.TrialNumberCreate,
        response=trial_numbers.TrialNumber,
        status=201,
        session_only=True,
        tags=["Trial numbers"],
        example={"phone": "+48600100200"},
        response_example=NUMBER_EXAMPLE,
    ),
    Route(
        "POST",
        "/v1/trial-numbers/<uuid:trial_number_id>/confirmation",
        rpc="identity.confirm_trial_number",
        permission="account.write",
        summary="Confirm a trial number by its code",
        request=trial_numbers.TrialNumberCode,
        response=trial_numbers.TrialNumber,
        session_only=True,
        tags=["Trial numbers"],
        example={"code": "123456"},
        response_example={**NUMBER_EXAMPLE, "confirmed_at": "2026-11-24T08:01:00+00:00"},
    ),
    Route(
        "DELETE",
        "/v1/trial-numbers/<uuid:trial_number_id>",
        rpc="identity.delete_trial_number",
        permission="account.write",
        summary="Delete a trial number",
        status=204,
        session_only=True,
        tags=["Trial numbers"],
    ),
]
