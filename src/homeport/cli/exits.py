"""The exit status of the commands: a contract."""

RIGHT = 0  # all is right
NOT_RIGHT = 1  # some target is not: failed, held or unknown
WRONG = 2  # the configuration or the call is wrong
TO_DO = 3  # `plan` has something to do
INTERRUPTED = 130  # by Ctrl-C, as shells count signals
