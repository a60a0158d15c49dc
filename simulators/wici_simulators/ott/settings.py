"""What can be set while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from wici_simulators.push.settings import Settings as Common


@dataclass
class Settings(Common):
    """Beside what all providers have (`answers` by phone: an error's code, `lost`, `garbage`, `502`, `hang`):

    :ivar fails: by phone, the code with which a message that was taken fails later.
    :ivar report_delay: seconds until the first report of a message, and between two.
    :ivar doubled: whether each report is told twice. :ivar reversed: whether the last is told first.
    :ivar reads: whether people read what arrives. :ivar windows: whether a text needs a person who has written.
    """

    fails: dict[str, str] = field(default_factory=dict)
    report_delay: float = 0.05
    doubled: bool = False
    reversed: bool = False
    reads: bool = True
    windows: bool = True
