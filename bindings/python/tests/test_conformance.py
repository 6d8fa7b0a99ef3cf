"""The conformance scenarios, through the Python package."""

import os
import runpy
import sys
import unittest

TOP = os.environ.get("MUNI_TOP") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


class Conformance(unittest.TestCase):
    def test_scenarios(self) -> None:
        driver = runpy.run_path(os.path.join(TOP, "tests", "conformance", "driver.py"))
        self.assertEqual(0, driver["main"]([os.path.join(TOP, "tests", "conformance")]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
