"""What Wici's services say to one another: names, schemas, events and errors.

This package is the only code that two services share besides the chassis. It imports the standard library and
marshmallow, nothing else, and holds no behaviour beyond the wire's own (ids and tokens that two sides compute alike).
"""
