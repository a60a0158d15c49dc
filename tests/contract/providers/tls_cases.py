"""What is done wrong before anything of a message leaves."""

TLS_CASES = (
    ("refuses the connection", "test_who_refuses_the_connection_has_got_nothing"),
    ("has a certificate that is expired", "test_a_provider_over_tls_that"),
    ("has a certificate of another host", "test_a_provider_over_tls_that"),
    ("has a certificate that nobody believed signs", "test_a_provider_over_tls_that"),
    ("answers the handshake with an alert", "test_a_handshake_that"),
    ("answers the handshake in clear text", "test_a_handshake_that"),
    ("closes in the handshake", "test_a_handshake_that"),
    ("falls silent in the handshake", "test_a_handshake_that"),
)
