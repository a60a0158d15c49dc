"""What the reporting service can be asked, and what it learns of others; a module per noun."""
