"""Rules of contacts: pure functions on values; no I/O, no clock."""
