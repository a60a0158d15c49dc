"""Roles: named sets of permissions."""

from __future__ import annotations

from api_gateway.routing import Route
from contracts.identity import roles
from contracts.schema import PageQuery

ROLE_EXAMPLE = {
    "id": "019abf20-5c00-7000-8000-000000000007",
    "name": "Marketing",
    "permissions": ["contacts", "email", "reports.read"],
    "created_at": "2026-11-24T08:00:00+00:00",
}

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/roles",
        rpc="identity.list_roles",
        permission="users.manage",
        summary="List roles",
        query=PageQuery,
        response=roles.RolePage,
        session_only=True,
        tags=["Users"],
        response_example={"items": [ROLE_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/roles",
        rpc="identity.create_role",
        permission="users.manage",
        summary="Add a role",
        request=roles.RoleCreate,
        response=roles.Role,
        status=201,
        session_only=True,
        tags=["Users"],
        example={"name": "Marketing", "permissions": ["contacts", "email", "reports.read"]},
        response_example=ROLE_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/roles/<uuid:role_id>",
        rpc="identity.get_role",
        permission="users.manage",
        summary="See a role",
        response=roles.Role,
        session_only=True,
        tags=["Users"],
        response_example=ROLE_EXAMPLE,
    ),
    Route(
        "PATCH",
        "/v1/roles/<uuid:role_id>",
        rpc="identity.update_role",
        permission="users.manage",
        summary="Change a role, for everybody who holds it",
        description="Nobody changes a role that one holds oneself.",
        request=roles.RoleUpdate,
        response=roles.Role,
        session_only=True,
        tags=["Users"],
        example={"permissions": ["contacts", "email", "reports"]},
        response_example={**ROLE_EXAMPLE, "permissions": ["contacts", "email", "reports"]},
    ),
    Route(
        "DELETE",
        "/v1/roles/<uuid:role_id>",
        rpc="identity.delete_role",
        permission="users.manage",
        summary="Remove a role from everybody who holds it",
        status=204,
        session_only=True,
        tags=["Users"],
    ),
]
