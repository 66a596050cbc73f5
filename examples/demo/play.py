"""Plays the demo on a running cluster: `.venv/bin/python examples/demo/play.py --help`."""

import runpy
import sys
from pathlib import Path

# The player is a package of this repository; it is not installed anywhere.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
runpy.run_module("examples.demo.player", run_name="__main__", alter_sys=True)
