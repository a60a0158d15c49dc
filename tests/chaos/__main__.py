"""`make chaos`: see `storm`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "deploy/local"), str(HERE.parent), str(HERE)]
from storm import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
