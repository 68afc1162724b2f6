"""The fault lab: the whole agent, in virtual time, with everything going wrong that can.

One seed is one life story of an agent: what its line, its sources, its providers, its disk and its owner
do, and at which await the process dies.  What must hold is checked at every step (`judge`).  README.md
says which pain of the field is which fault here.

    python -m tests.faults SEED            # the story of one seed, told
    python -m tests.faults --soak 10000    # as `make soak` does
"""
