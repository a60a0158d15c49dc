"""Every query of contacts; each takes a session, and every customer's row is found by its account."""
