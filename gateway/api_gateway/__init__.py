"""The API gateway: the public REST API, its documentation, and the tracking links."""

__version__ = "0.1.0"
