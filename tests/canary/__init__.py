"""Secrets that exist nowhere else, in every place where one may stand; and a look for them everywhere."""
