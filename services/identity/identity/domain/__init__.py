"""Rules of identity: pure functions on values, no I/O, no clock."""
