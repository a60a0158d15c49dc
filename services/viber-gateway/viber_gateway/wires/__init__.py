"""The wire alone: no database, no use case."""
