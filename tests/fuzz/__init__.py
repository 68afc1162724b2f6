"""Every reader of octets that others wrote, against octets that nobody would write.

`laws.py` says what holds for each; `mutate.py` makes the octets from valid samples; `test_laws.py` runs some
in every test run, and `python -m tests.fuzz` (or `make fuzz`) as many as there is time for.  What was found
lies in `found/LAW/`, a file each, and is read again in every test run.
"""
