from base64 import b64encode

import pytest

from chassis.secrets import SecretError, Vault, derived, key_ring

OLD, NEW = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()


def test_rotated_key_still_opens_old_secrets():
    sealed = Vault(f"k1:{OLD}").encrypt(b"seed")

    assert Vault(f"k2:{NEW},k1:{OLD}").decrypt(sealed) == b"seed"
    with pytest.raises(SecretError):
        Vault(f"k2:{NEW}").decrypt(sealed)


@pytest.mark.parametrize("position", [0, 3, 10, -1])
def test_changed_bytes_do_not_open(position):
    sealed = bytearray(Vault(f"k1:{OLD}").encrypt(b"seed"))
    sealed[position] ^= 1

    with pytest.raises(SecretError):
        Vault(f"k1:{OLD}").decrypt(bytes(sealed))


@pytest.mark.parametrize("keys", ["", "k1:short", "k1:%%%", f"k1:{b64encode(b'x' * 16).decode()}"])
def test_bad_keys_are_refused_at_start(keys):
    with pytest.raises(SecretError):
        Vault(keys)


def test_derived_keys_depend_on_key_and_purpose_and_survive_a_rotation():
    old, both = key_ring(f"k1:{OLD}"), key_ring(f"k2:{NEW},k1:{OLD}")

    assert derived(both, b"a")[1] == derived(old, b"a")[0] != derived(old, b"b")[0]
    assert len({*derived(both, b"a"), *derived(both, b"b")}) == 4
