#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A warden's groups on this machine's cgroups, of whichever version: see tests/lib/jobgroups.c."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import HELPERS

if __name__ == "__main__":
    disk = os.environ.get("O", ".out")      # a file on a disk, which /tmp may not be
    with tempfile.TemporaryDirectory(dir=disk) as folder:
        sys.exit(subprocess.run([f"{HELPERS}/lib/jobgroups"], cwd=folder, check=False).returncode)
