"""All laws by name."""

from .files import LAWS as FILES
from .laws import LAWS as WIRE

LAWS = {**WIRE, **FILES}
