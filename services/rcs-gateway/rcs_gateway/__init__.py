"""RCS: agents, contents, messages, and what people answer."""
