"""What holds for the processes of tests, two of which run at a time, and for what these start.

Numerical libraries get one thread: more would wait for each other by turning round and round, at the cost of whoever
runs beside them. Modules that were compiled once stay so: hundreds of programs are started that import the same ones.
"""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
