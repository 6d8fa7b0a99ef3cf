"""The conformance scenarios once more, on a server of PostgreSQL that is started for them."""

import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("MUNI_TOP") or os.path.join(TESTS, "..", "..", "..")

if __name__ == "__main__":
    sys.exit(subprocess.call(["sh", os.path.join(TOP, "tests", "postgresql.sh"), sys.executable, os.path.join(TESTS, "test_conformance.py")]))
