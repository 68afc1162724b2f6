"""The decisions of a recording once more, in no time and with no network."""
