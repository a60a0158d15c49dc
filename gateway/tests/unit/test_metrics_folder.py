"""The counters' folder: made empty, and nothing that a killed gunicorn left stays."""

import os
import subprocess

from api_gateway import metrics_folder


def test_left_behind_folders_go_and_others_stay(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    mine = metrics_folder.name_for(str(tmp_path))
    left = mine.with_name(mine.name.replace(str(os.getpid()), str(gone.pid)))
    elsewhere = tmp_path / "metrics-another-machine-1"
    alive = mine.with_name(mine.name.replace(str(os.getpid()), str(os.getppid())))
    for folder in (mine, left, elsewhere, alive):
        folder.mkdir()
        (folder / "counter_1.db").touch()

    metrics_folder.make(mine)

    assert list(mine.iterdir()) == []
    assert not left.exists()
    assert elsewhere.exists() and alive.exists()
