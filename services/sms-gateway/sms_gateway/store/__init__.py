"""Every query. `directory` and `sends` take a session; what is hot takes a raw cursor and lists."""
