"""Applications that pushes are from, and their devices."""

from typing import Any

from api_gateway.routing import PUBLIC, Route
from contracts.push_gateway import applications, devices
from contracts.schema import PageQuery

_APPLICATION = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b42",
    "name": "shop",
    "title": "Shop",
    "app_key": "m3pVnq0b1o2cX4rT6yU8iOpAsDfGhJkL",
    "fcm": {"project_id": "shop-1234", "client_email": "push@shop-1234.iam.gserviceaccount.com"},
    "apns": None,
    "vapid_key": "BOohJQ2_K3buT9sgSG233hQZS8dCYGZUfCphZst5tjYB2_omnxUEzF_mfaMTL9DPt--EYvE7DnDAIctPMePsOOw",
    "web_contact": "push@shop.example",
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_WITH_KEY = {**_APPLICATION, "proof_key": "q9D3vYc0m2pX1sLr8tKe7WbN4zHuAf5Jq9D3vYc0m2p"}
_DEVICE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b43",
    "application_id": _APPLICATION["id"],
    "platform": "web",
    "language": "pl",
    "time_zone": "Europe/Warsaw",
    "contact_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40",
    "created_at": "2026-11-24T08:00:00+00:00",
    "seen_at": "2026-11-24T08:00:00+00:00",
}
_REGISTERED = {
    "app_key": _APPLICATION["app_key"],
    "platform": "fcm",
    "token": "fGh1:APA91bHqX",
    "language": "pl",
    "contact": {"external_id": "42", "proof": "5f2c0d9b6e41a87713cde052b6983f0ac4712ed5881bf66039aa4de70592bc18"},
}
_ONE = "/<uuid:application_id>"


def _route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method,
        f"/v1/push/applications{path}",
        rpc=f"push_gateway.{rpc}",
        permission="push.senders",
        summary=summary,
        tags=["Push"],
        **more,
    )


ROUTES = [
    _route(
        "GET", "", "list_applications", "List applications",
        query=PageQuery, response=applications.ApplicationPage,
        response_example={"items": [_APPLICATION], "next_cursor": None},
    ),
    _route(
        "POST", "", "create_application", "Add an application",
        description="`fcm`: `project_id`, `client_email` and `private_key` of a service account's file. `apns`: a key"
        " for provider tokens (.p8). Private keys are sealed and shown to nobody again. `proof_key` is in this answer"
        " and never shown again. At most 50 an account. 422 `application.key_invalid`.",
        request=applications.ApplicationCreate, response=applications.NewApplication, status=201,
        example={"name": "shop", "title": "Shop", "web_contact": "push@shop.example"},
        response_example={**_WITH_KEY, "fcm": None},
    ),
    _route(
        "GET", _ONE, "get_application", "One application",
        response=applications.Application, response_example=_APPLICATION,
    ),
    _route(
        "PATCH", _ONE, "update_application", "Change an application",
        description="It holds within seconds. null takes a platform's credentials away: its devices get nothing.",
        request=applications.ApplicationChange, response=applications.Application,
        example={"title": "Shop and more"}, response_example={**_APPLICATION, "title": "Shop and more"},
    ),
    _route(
        "POST", f"{_ONE}/rotation", "rotate_proof_key", "Change the proof key of an application",
        description="The new one is in this answer and never shown again. Devices keep the contacts that they have.",
        response=applications.NewApplication, status=201, response_example=_WITH_KEY,
    ),
    _route("DELETE", _ONE, "delete_application", "Delete an application and its devices", status=204),
    _route(
        "GET", f"{_ONE}/devices", "list_devices", "List devices of an application",
        query=devices.DeviceQuery, response=devices.DevicePage,
        response_example={"items": [_DEVICE], "next_cursor": None},
    ),
    Route(
        "DELETE", "/v1/push/devices/<uuid:device_id>", rpc="push_gateway.delete_device", permission="push.senders",
        summary="Forget a device", tags=["Push"], status=204,
    ),
    Route(
        "POST", "/v1/devices", rpc="push_gateway.register_device", permission=PUBLIC,
        summary="Register a device", tags=["Push"],
        description="From the application itself, at every start: `app_key` is public. A token that is known tells anew"
        " of the same device. With `contact` the device is that contact's, who consents to push by it unless they have"
        " refused; your own server makes the `proof`, for anybody can call this. 403 `device.proof_wrong`, 404"
        " `application.not_found` and `contact.not_found`, 422 `device.one_owner`, `device.keys_invalid` and"
        " `device.token_invalid`. A contact keeps the 20 devices that were seen last. 429 `rate.limited`: more than"
        " 1,000 in an hour from one address for one application; `device.too_many`: more than 20,000 new ones without"
        " a contact in an hour. Who is nobody's and has not been heard of for 90 days goes.",
        hourly="device_rate", hourly_of="app_key",
        request=devices.DeviceCreate, response=devices.Registered, status=201, example=_REGISTERED,
        response_example={"id": _DEVICE["id"], "contact_id": _DEVICE["contact_id"]},
    ),
    Route(
        "POST", "/v1/devices/removal", rpc="push_gateway.forget_device", permission=PUBLIC,
        summary="Remove a device", tags=["Push"],
        description="From the application itself, where nothing is wanted there any more. Twice is harmless.",
        request=devices.DeviceGone, status=204,
        example={"app_key": _APPLICATION["app_key"], "token": "fGh1:APA91bHqX"},
    ),
]  # fmt: skip
