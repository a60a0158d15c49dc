"""Rules of SMS: pure functions on values, without I/O."""
