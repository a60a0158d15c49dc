"""Groups of contacts."""

from api_gateway.routing import Route
from contracts.contacts import groups

GROUP = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91",
    "name": "Klienci",
    "description": "Everyone who has bought something",
    "contacts": 11939,
    "archived": False,
    "public": {"pl": {"name": "Nowości sklepu", "description": "Raz w tygodniu"}},
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_MEMBERS = {"contact_ids": ["0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"]}
_CHANGED = {"changed": 1, "contacts": 11940}
_TAGS = ["Groups"]
COMBINATION = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7ea0",
    "operation": "split",
    "state": "waiting",
    "done": 0,
    "total": None,
    "items": [],
    "error": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": None,
}
_COMBINED = {
    **COMBINATION,
    "state": "done",
    "done": 11939,
    "total": 11939,
    "items": [{**GROUP, "name": "A", "contacts": 5970}, {**GROUP, "name": "B", "contacts": 5969}],
    "finished_at": "2026-11-24T08:00:01+00:00",
}

ROUTES = [
    Route(
        "GET",
        "/v1/groups",
        rpc="contacts.list_groups",
        permission="contacts.read",
        summary="List groups",
        query=groups.GroupQuery,
        response=groups.GroupPage,
        tags=_TAGS,
        response_example={"items": [GROUP], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/groups",
        rpc="contacts.create_group",
        permission="contacts.write",
        summary="Create a group",
        description="With `public` it stands on unsubscribe pages, by that name, and people may leave it by themselves."
        " 409 `group.too_many_public`.",
        request=groups.GroupCreate,
        response=groups.Group,
        status=201,
        location="/v1/groups/{id}",
        tags=_TAGS,
        example={"name": "Klienci", "description": "Everyone who has bought something"},
        response_example={**GROUP, "contacts": 0},
    ),
    Route(
        "POST",
        "/v1/groups/combine",
        rpc="contacts.combine_groups",
        permission="contacts.write",
        summary="Make new groups of old ones",
        description="`union` of groups; `subtract` the others from the first; `filter` by rules of segments; `split`"
        " one by percentages that make 100: the same seed deals the same contacts to the same parts. It is about who is"
        " in the old groups when it begins; the new ones are there, whole, when it is `done`. 409 `group.name_taken`."
        " Who asks `Location` how it goes needs `contacts.read`.",
        request=groups.GroupCombine,
        response=groups.Combination,
        status=202,
        location="/v1/groups/combine/{id}",
        retry_after=1,
        tags=_TAGS,
        example={
            "operation": "split",
            "group_ids": [GROUP["id"]],
            "parts": [{"name": "A", "percent": 50}, {"name": "B", "percent": 50}],
        },
        response_example=COMBINATION,
    ),
    Route(
        "GET",
        "/v1/groups/combine/<uuid:combination_id>",
        rpc="contacts.get_combination",
        permission="contacts.read",
        summary="See how the making of new groups goes",
        response=groups.Combination,
        tags=_TAGS,
        response_example=_COMBINED,
    ),
    Route(
        "POST",
        "/v1/groups/combine/<uuid:combination_id>/cancel",
        rpc="contacts.cancel_combination",
        permission="contacts.write",
        summary="Cancel the making of new groups; none comes of it",
        response=groups.Combination,
        tags=_TAGS,
        response_example={**COMBINATION, "state": "cancelled"},
    ),
    Route(
        "GET",
        "/v1/groups/<uuid:group_id>",
        rpc="contacts.get_group",
        permission="contacts.read",
        summary="See a group",
        response=groups.Group,
        tags=_TAGS,
        response_example=GROUP,
    ),
    Route(
        "PATCH",
        "/v1/groups/<uuid:group_id>",
        rpc="contacts.update_group",
        permission="contacts.write",
        summary="Rename, describe, archive or bring back a group",
        request=groups.GroupUpdate,
        response=groups.Group,
        tags=_TAGS,
        example={"name": "Stali klienci"},
        response_example={**GROUP, "name": "Stali klienci"},
    ),
    Route(
        "DELETE",
        "/v1/groups/<uuid:group_id>",
        rpc="contacts.delete_group",
        permission="contacts.write",
        summary="Delete a group; its contacts stay",
        description="409 `group.in_use` while a segment, or a campaign that is scheduled, sending or paused, needs it.",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/v1/groups/<uuid:group_id>/contacts",
        rpc="contacts.add_to_group",
        permission="contacts.write",
        summary="Put contacts into a group",
        description="But for who has left it by an unsubscribe page: they come back by signing up again, or with"
        " `rejoin`, which says that they have asked for it (in the audit trail).",
        request=groups.NewMembers,
        response=groups.MembersChanged,
        tags=_TAGS,
        example=_MEMBERS,
        response_example=_CHANGED,
    ),
    Route(
        "DELETE",
        "/v1/groups/<uuid:group_id>/contacts",
        rpc="contacts.remove_from_group",
        permission="contacts.write",
        summary="Take contacts out of a group",
        request=groups.GroupMembers,
        response=groups.MembersChanged,
        tags=_TAGS,
        example=_MEMBERS,
        response_example={"changed": 1, "contacts": 11938},
    ),
]
