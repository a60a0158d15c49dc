"""The API gateway: the public REST API, its documentation, and the tracking links."""
