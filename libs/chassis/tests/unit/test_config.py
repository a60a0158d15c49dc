from dataclasses import dataclass

import pytest

from chassis.config import ConfigError, load, setting


@dataclass(frozen=True, kw_only=True)
class Config:
    url: str = setting("URL", secret=True)
    window: int = setting("WINDOW", default=50)
    share: float = setting("SHARE")
    strict: bool = setting("STRICT", default=False)
    names: tuple[str, ...] = setting("NAMES", default=())


def test_reads_every_type_and_hides_secrets():
    config = load(Config, {"URL": "postgresql://u:p@h/d", "SHARE": "0.5", "STRICT": "yes", "NAMES": "a, b,"})

    assert (config.window, config.share, config.strict, config.names) == (50, 0.5, True, ("a", "b"))
    assert "postgresql" not in repr(config)


def test_names_everything_that_is_wrong_at_once():
    with pytest.raises(ConfigError) as error:
        load(Config, {"WINDOW": "many", "STRICT": "perhaps"})

    for key in ("URL", "WINDOW", "SHARE", "STRICT"):
        assert key in str(error.value)
