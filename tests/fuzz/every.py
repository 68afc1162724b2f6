"""All laws by name."""

from .files import LAWS as FILES
from .laws import LAWS as WIRE
from .peers import LAWS as PEERS
from .streams import LAWS as STREAMS

LAWS = {**WIRE, **FILES, **STREAMS, **PEERS}
