"""The local system's modules lie in a folder, not in a package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
