"""Which servers a browser's subscription may point at: whoever registers a device must not have us call strangers."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

# Of Chrome, Firefox, Edge and Safari.
KNOWN = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.notify.windows.com",
    "*.push.apple.com",
)


def is_push_service(endpoint: str, hosts: Collection[str]) -> bool:
    """Whether it is an address at one of `hosts`: https and no port of its own, or an origin as it is given there.

    :param hosts: `push.example`, `*.push.example`, or for tests `http://127.0.0.1:12680`.
    """
    if "\\" in endpoint:  # which some take for a slash, and so read another host
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or parts.fragment:
        return False
    if f"{parts.scheme}://{parts.netloc}" in hosts:
        return True
    if parts.scheme != "https" or port not in (None, 443):
        return False
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts)
