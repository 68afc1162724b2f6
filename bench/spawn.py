"""Run one command and say what it cost: `python -I -S spawn.py COMMAND ...`.

A process inherits the largest resident set of the one that started it, up to its `exec` (Linux,
fs/exec.c), so a bench that is larger than what it measures would measure itself.  This one is smaller
than any Python with its `site`.  One line on standard output: seconds, CPU seconds, peak KiB, exit
status; the command's own output goes to standard error.
"""

import os
import sys
import time

began = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - began
print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
