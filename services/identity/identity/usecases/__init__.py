"""What identity can do: one function a use case, a file a noun."""
