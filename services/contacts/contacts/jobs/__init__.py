"""Long work of contacts: imports, exports and audiences, in a process of its own (`python -m contacts.jobs`)."""
