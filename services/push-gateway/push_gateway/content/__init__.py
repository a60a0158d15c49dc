"""From a stored content and a recipient to what each platform's provider takes."""
