"""Every reader of octets that others wrote, against octets that nobody would write.

`laws.py`, `files.py` and `streams.py` say what holds for each; `mutate.py` makes the octets from valid
samples; `test_laws.py` runs some in every test run, and `python -m tests.fuzz` (or `make fuzz`) as many as
there is time for.  What was found lies in `found/LAW/`, and is read again in every test run.
"""
