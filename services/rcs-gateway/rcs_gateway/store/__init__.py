"""Every query; takes a session."""
