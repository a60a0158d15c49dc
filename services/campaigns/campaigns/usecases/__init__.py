"""What campaigns can do, a module per noun: load, decide, save, announce.

`ask` is how another service is asked; no transaction is open while it is.
"""
