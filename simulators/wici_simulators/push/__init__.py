"""Simulated push providers: FCM HTTP v1 with its token endpoint, APNs (HTTP/2) and a browsers' push service.

One port speaks for all of them, HTTP/1.1 or HTTP/2 in clear text as the caller begins, and says what it received:

    GET  /                    counts by provider and answer
    GET  /messages            what was accepted, in order: ?after=0&limit=1000
    POST /browsers            a browser that subscribes: {endpoint, keys}; what is sent there is decrypted
    POST /settings            {"answers": {"TOKEN": "UNREGISTERED"}, "delay": 0.05, "throttle": 3}

`answers` names by device token, or by the end of a browser's endpoint, what its provider says: FCM's error codes,
APNs' reasons, a status of HTTP, or `lost`: the connection ends without an answer. `throttle`: so many requests to each
provider are sent away first. Tokens expire after `token_seconds`.
"""
