"""What contacts can do: load, decide, save, announce. Every use case takes a session and commits nothing itself."""
