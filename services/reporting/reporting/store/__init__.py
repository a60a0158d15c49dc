"""Every query of the service, a file a noun; each takes a session."""
