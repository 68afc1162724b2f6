"""Homeport keeps names pointing at you."""

import sys

__version__ = "0.1.0"
USER_AGENT = f"Homeport/{__version__} (dynamic-DNS agent; {sys.platform})"
