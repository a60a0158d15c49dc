"""Private keys of the two kinds that providers ask for, and their public halves."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_PRIVATE = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
RSA = rsa.generate_private_key(65_537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
RSA_PEM, P256_PEM = (key.private_bytes(*_PRIVATE) for key in (RSA, P256))
