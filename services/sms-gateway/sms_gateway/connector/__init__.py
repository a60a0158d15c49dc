"""The process that holds the binds to carriers: `python -m sms_gateway.connector`.

The broker's thread (pika), the loop (sockets, rendering; `engine`, `carriers`), and the ledger's thread (`ledger`): one
transaction after another over all that has gathered. A keeper thread looks every half second after what is due.
"""
