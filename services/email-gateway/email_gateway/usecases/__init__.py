"""What the service can do, a function each: load, decide, save, announce."""
