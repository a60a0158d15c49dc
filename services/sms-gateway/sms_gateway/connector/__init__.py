"""The process that holds the binds to carriers: `python -m sms_gateway.connector`.

Three threads: the broker's (pika), the loop (sockets, rendering; `engine`, `carriers`) and the ledger's (one transaction
after another over all that has gathered; `ledger`). A keeper thread looks every half second after what is due.
"""
