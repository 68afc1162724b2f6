"""What may be wrong with this machine, and what to do about it: the checks of `homeport doctor`."""
