"""Every query of campaigns, a module per noun; each takes a session."""
