"""API keys."""

from __future__ import annotations

from api_gateway.routing import Route
from contracts.identity import api_keys
from contracts.schema import PageQuery

KEY_EXAMPLE = {
    "id": "019abf20-5c00-7000-8000-000000000005",
    "name": "Web shop",
    "prefix": "wk_3q2-7w",
    "scopes": ["contacts.read", "sms.send"],
    "ip_list": ["192.0.2.0/24"],
    "expires_at": "2027-11-24T08:00:00+00:00",
    "last_used_at": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "created_by": "019abf20-5c00-7000-8000-000000000002",
    "created_by_key": None,
}

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/api-keys",
        rpc="identity.list_api_keys",
        permission="account.keys",
        summary="List API keys",
        query=PageQuery,
        response=api_keys.ApiKeyPage,
        tags=["API keys"],
        response_example={"items": [KEY_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/api-keys",
        rpc="identity.create_api_key",
        permission="account.keys",
        summary="Create an API key",
        description=(
            "The key is in this answer and never shown again. Its scopes lie within the rights of its maker; one that "
            "a key makes expires no later than that key, works from no other addresses, and is revoked with it."
        ),
        request=api_keys.ApiKeyCreate,
        response=api_keys.NewApiKey,
        status=201,
        tags=["API keys"],
        example={
            "name": "Web shop",
            "scopes": ["contacts.read", "sms.send"],
            "expires_at": "2027-11-24T08:00:00+00:00",
            "ip_list": ["192.0.2.0/24"],
        },
        response_example={**KEY_EXAMPLE, "key": "wk_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ),
    Route(
        "GET",
        "/v1/api-keys/<uuid:api_key_id>",
        rpc="identity.get_api_key",
        permission="account.keys",
        summary="See an API key, without its secret",
        response=api_keys.ApiKey,
        tags=["API keys"],
        response_example=KEY_EXAMPLE,
    ),
    Route(
        "PATCH",
        "/v1/api-keys/<uuid:api_key_id>",
        rpc="identity.update_api_key",
        permission="account.keys",
        summary="Rename an API key",
        request=api_keys.ApiKeyUpdate,
        response=api_keys.ApiKey,
        tags=["API keys"],
        example={"name": "Web shop, new"},
        response_example={**KEY_EXAMPLE, "name": "Web shop, new"},
    ),
    Route(
        "POST",
        "/v1/api-keys/<uuid:api_key_id>/rotation",
        rpc="identity.rotate_api_key",
        permission="account.keys",
        summary="Rotate an API key",
        description=(
            "A new key with the same name, scopes, addresses and expiry is in this answer and never shown again; the "
            "old one works on for `overlap_minutes`. The new one belongs to whoever asks, and its scopes lie within "
            "their rights. A key rotates itself; the new key is then revoked with the old one, but outlives its end. A "
            "key is rotated once, then 409 `api_key.rotated`: whoever has lost the answer revokes the key that it held "
            "and creates another."
        ),
        request=api_keys.ApiKeyRotation,
        response=api_keys.NewApiKey,
        status=201,
        tags=["API keys"],
        example={"overlap_minutes": 60},
        response_example={**KEY_EXAMPLE, "key": "wk_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ),
    Route(
        "GET",
        "/v1/api-keys/<uuid:api_key_id>/uses",
        rpc="identity.list_api_key_uses",
        permission="account.keys",
        summary="See where an API key was last used",
        description="The last 50 addresses, the latest first.",
        response=api_keys.ApiKeyUses,
        tags=["API keys"],
        response_example={"items": [{"address": "192.0.2.7", "last_at": "2026-11-24T08:00:00+00:00"}]},
    ),
    Route(
        "DELETE",
        "/v1/api-keys/<uuid:api_key_id>",
        rpc="identity.revoke_api_key",
        permission="account.keys",
        summary="Revoke an API key",
        description="It is worth nothing at once, everywhere; nor is any key that it made. In a session any key of the"
        " account, without a proof, for an emergency; a key revokes itself and those that it made, else 403"
        " `api_key.not_made_by_it`.",
        status=204,
        tags=["API keys"],
    ),
]
