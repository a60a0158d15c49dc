"""Every query, a file per noun; each takes a session."""
