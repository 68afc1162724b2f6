"""Values and decisions.  Pure: no I/O, no clock, no chance, no log; they come in as arguments."""
