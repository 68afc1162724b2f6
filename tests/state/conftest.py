"""What cannot even be loaded elsewhere is not collected there."""

import sys

collect_ignore = [] if sys.platform == "win32" else ["test_windows_mutex.py"]
