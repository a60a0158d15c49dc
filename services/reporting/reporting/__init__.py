"""The reporting service: what became of every message, and the counts of it."""
