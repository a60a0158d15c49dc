import re
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from chassis import testing
from chassis.config import ConfigError
from chassis.secrets import PUBLISHED_KEYS, SecretError, Vault, derived, key_ring, unnamed_keys

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


@pytest.mark.parametrize("key", PUBLISHED_KEYS)
def test_a_key_that_everybody_knows_is_refused_but_on_a_trial_system(monkeypatch, key):
    encoded = b64encode(key).decode()
    monkeypatch.delenv("WICI_DEVELOPMENT", raising=False)
    with pytest.raises(SecretError, match="known to everybody"):
        key_ring(f"k1:{encoded}")
    with pytest.raises(ConfigError, match="everybody knows"):
        unnamed_keys("WICI_LINK_KEYS", f"{OLD},{encoded}")

    monkeypatch.setenv("WICI_DEVELOPMENT", "1")
    assert key_ring(f"k1:{encoded}") == {"k1": key}
    assert unnamed_keys("WICI_LINK_KEYS", encoded) == [key]


@pytest.mark.parametrize("keys", ["", "YWJj", "?"])
def test_what_is_no_list_of_keys_is_refused(keys):
    with pytest.raises(ConfigError):
        unnamed_keys("WICI_LINK_KEYS", keys)


def test_every_key_of_the_tests_and_the_trial_overlay_is_known():
    overlay = Path(__file__).parents[4] / "deploy/k8s/overlays/dev/kustomization.yaml"
    found = re.findall(r"-keys=(?:k1:)?(\S+)", overlay.read_text())
    rings = (testing.SECRET_KEYS, testing.ACTOR_KEYS, testing.ERASURE_KEYS, testing.LINK_KEYS, testing.RETURN_PATH_KEYS)

    assert {b64decode(key.removeprefix("t1:")) for key in (*found, *rings)} == set(PUBLISHED_KEYS)
