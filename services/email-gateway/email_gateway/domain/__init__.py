"""Rules of e-mail: pure functions on values, without I/O."""
