"""Libraries of many synthetic videos, and what reading them costs: the parts of `benchmarks/scale.py`."""
