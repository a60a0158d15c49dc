"""Further users and their rights; in a logged-in session only."""

from __future__ import annotations

from flask import Response

from api_gateway.context import RequestContext
from api_gateway.languages import texts
from api_gateway.routes.sessions import SESSION_EXAMPLE
from api_gateway.routing import ANYONE, PUBLIC, Route
from contracts.identity import users
from contracts.identity.sessions import SessionPage
from contracts.lists import NamedQuery
from contracts.permissions import PERMISSIONS, SESSION_ONLY
from contracts.schema import Empty, PageQuery

USER_EXAMPLE = {
    "id": "019abf20-5c00-7000-8000-000000000004",
    "login": "bartek7",
    "email": "bartek@kwiaciarnia.example",
    "email_confirmed": False,
    "name": "Bartek",
    "state": "active",
    "is_owner": False,
    "permissions": ["contacts", "sms.campaigns.read"],
    "roles": [],
    "second_factor": False,
    "created_at": "2026-11-24T08:00:00+00:00",
}


def permissions(context: RequestContext) -> Response:
    """The tree. The contracts declare it, so nobody need be asked."""
    told = texts()
    items = [
        {"name": name, "summary": told.name("permissions", name, summary), "session_only": name in SESSION_ONLY}
        for name, summary in PERMISSIONS.items()
    ]
    answer = context.answer({"items": items})
    told.label(answer)
    return answer


ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/permissions",
        handler=permissions,
        permission=ANYONE,
        summary="List the tree of permissions",
        description=(
            "A permission grants everything below it: `contacts` grants `contacts.import`. `summary` is in Polish where"
            " `Accept-Language` says so."
        ),
        response=users.PermissionList,
        tags=["Users"],
        response_example={
            "items": [
                {
                    "name": "contacts.read",
                    "summary": "See contacts, groups, segments and the archive",
                    "session_only": False,
                }
            ]
        },
    ),
    Route(
        "GET",
        "/v1/login-availability",
        rpc="identity.check_login",
        permission=PUBLIC,
        summary="See whether a login is free",
        description=(
            "For a form that registers or adds a user. Logins that are taken count against the address as wrong "
            "passwords do: 429 with `Retry-After` after some dozens."
        ),
        query=users.LoginQuery,
        response=users.LoginAvailability,
        tags=["Users"],
        response_example={"available": True},
    ),
    Route(
        "GET",
        "/v1/users",
        rpc="identity.list_users",
        permission="users.manage",
        summary="List users",
        query=NamedQuery,
        response=users.UserPage,
        session_only=True,
        tags=["Users"],
        response_example={"items": [USER_EXAMPLE], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/users",
        rpc="identity.create_user",
        permission="users.manage",
        summary="Add a user",
        description=(
            "Without a password the user is invited by mail, and sets it by the link: `state` is `invited` until then. "
            "Rights may be granted that the one who grants them does not hold."
        ),
        request=users.UserCreate,
        response=users.User,
        status=201,
        location="/v1/users/{id}",
        session_only=True,
        tags=["Users"],
        example={
            "login": "bartek7",
            "email": "bartek@kwiaciarnia.example",
            "name": "Bartek",
            "permissions": ["contacts", "sms.campaigns.read"],
        },
        response_example={**USER_EXAMPLE, "state": "invited"},
    ),
    Route(
        "GET",
        "/v1/users/<uuid:user_id>",
        rpc="identity.get_user",
        permission="users.manage",
        summary="See a user",
        response=users.User,
        session_only=True,
        tags=["Users"],
        response_example=USER_EXAMPLE,
    ),
    Route(
        "PATCH",
        "/v1/users/<uuid:user_id>",
        rpc="identity.update_user",
        permission="users.manage",
        summary="Rename, block or unblock a user",
        description="The owner changes only by the owner or by an operator. A blocked user's sessions end.",
        request=users.UserUpdate,
        response=users.User,
        session_only=True,
        tags=["Users"],
        example={"state": "blocked"},
        response_example={**USER_EXAMPLE, "state": "blocked"},
    ),
    Route(
        "PUT",
        "/v1/users/<uuid:user_id>/permissions",
        rpc="identity.set_rights",
        permission="users.manage",
        summary="Set a user's permissions and roles",
        description="Replaces what the user held. Nobody sets one's own rights.",
        request=users.Rights,
        response=users.User,
        session_only=True,
        tags=["Users"],
        example={"permissions": ["contacts", "reports.read"], "roles": []},
        response_example={**USER_EXAMPLE, "permissions": ["contacts", "reports.read"]},
    ),
    Route(
        "DELETE",
        "/v1/users/<uuid:user_id>",
        rpc="identity.delete_user",
        permission="users.manage",
        summary="Remove a user",
        description=(
            "The user's sessions end and the user's API keys are worth nothing from then on; with `api_keys=transfer` "
            "they work on as the owner's, as far as the user's rights reached."
        ),
        query=users.UserDeletion,
        status=204,
        session_only=True,
        tags=["Users"],
    ),
    Route(
        "POST",
        "/v1/users/<uuid:user_id>/invitation",
        rpc="identity.invite_user_again",
        permission="users.manage",
        summary="Mail an invitation once more",
        description="To a user who is `invited`; 409 `user.not_invited` for who has a password. Five mails a day.",
        response=Empty,
        status=202,
        session_only=True,
        tags=["Users"],
        response_example={},
    ),
    Route(
        "POST",
        "/v1/users/<uuid:user_id>/password-reset",
        rpc="identity.reset_user_password",
        permission="users.manage",
        summary="Reset a user's password",
        description=(
            "The password is worthless at once and the sessions end; the user gets a link that sets a new one, which "
            "nobody else learns."
        ),
        response=Empty,
        status=202,
        session_only=True,
        tags=["Users"],
        response_example={},
    ),
    Route(
        "DELETE",
        "/v1/users/<uuid:user_id>/second-factor",
        rpc="identity.reset_user_second_factor",
        permission="users.manage",
        summary="Turn off the second factor of a user who has lost it",
        description="The user's sessions end; user and owner are told by mail.",
        status=204,
        session_only=True,
        tags=["Users"],
    ),
    Route(
        "GET",
        "/v1/users/<uuid:user_id>/sessions",
        rpc="identity.list_user_sessions",
        permission="users.manage",
        summary="List a user's sessions",
        query=PageQuery,
        response=SessionPage,
        session_only=True,
        tags=["Users"],
        response_example={"items": [SESSION_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "DELETE",
        "/v1/users/<uuid:user_id>/sessions",
        rpc="identity.end_user_sessions",
        permission="users.manage",
        summary="End all of a user's sessions",
        description="API keys work on.",
        status=204,
        session_only=True,
        tags=["Users"],
    ),
    Route(
        "DELETE",
        "/v1/users/<uuid:user_id>/sessions/<uuid:session_id>",
        rpc="identity.end_user_session",
        permission="users.manage",
        summary="End one of a user's sessions",
        status=204,
        session_only=True,
        tags=["Users"],
    ),
]
