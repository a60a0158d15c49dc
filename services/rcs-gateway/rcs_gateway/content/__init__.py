"""From a stored content and a recipient to what Google takes."""
