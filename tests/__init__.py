"""Numerical libraries get one thread in the processes of tests, two of which run at a time, and in what these start.

More would wait for each other by turning round and round, at the cost of whoever runs beside them.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
