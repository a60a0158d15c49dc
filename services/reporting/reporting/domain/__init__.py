"""How messages are counted and reported: values in, values out, no I/O and no clock."""
