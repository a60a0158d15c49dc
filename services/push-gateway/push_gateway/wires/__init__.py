"""The providers' wires: no database, no use case."""
