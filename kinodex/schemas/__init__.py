"""The documents that `--json` prints, and that other interfaces return.

One module for each kind; each document has a function that makes it from what the use cases return. Scripts depend
on the keys: none is renamed or removed, and new ones go to the end. Times are float seconds.
"""
