"""From a stored content and a recipient to the bodies of submit_sm."""
