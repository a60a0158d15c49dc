"""Simulated outside worlds for the demo and the tests; never deployed."""
