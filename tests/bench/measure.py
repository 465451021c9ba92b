"""Runs a command and prints what it took, as JSON: wall and CPU seconds, peak memory in bytes, status.

A program of its own, since the peak that the kernel counts for a child takes in that of the process it came from.
"""

import json
import os
import subprocess
import sys
import time

start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
said = process.stderr.read() if process.stderr else b""
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
taken = {
    "wall": time.perf_counter() - start,
    "cpu": used.ru_utime + used.ru_stime,
    "peak": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    "status": process.returncode,
    "said": said.decode("utf-8", "replace")[-2000:],
}
print(json.dumps(taken))
