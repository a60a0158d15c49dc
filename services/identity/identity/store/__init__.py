"""Every query, a file a noun; each function takes a session."""
