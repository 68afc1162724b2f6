"""What must be known of the providers of dns-lexicon 3.25.2 to keep records with them safely.

Found by reading their code (read 2026-11-21).  A provider that is named nowhere here finds its zone by
exact name, gives every record an id, and changes and deletes by that id.
"""

from __future__ import annotations

from collections.abc import Mapping

_SETS = "its ids stand for all addresses of a name at once, so those of others would go with ours"
_OWN = 'homeport knows it better: write provider = "{}"'

# With these, names that are not ours could lose their records.
REFUSED: Mapping[str, str] = {
    "auto": "it guesses the service; name it",
    "constellix": _SETS,
    "ddns": _OWN.format("rfc2136"),  # it does not look whether the server refused
    "duckdns": _OWN.format("duckdns"),  # its delete clears both types
    "flexibleengine": _SETS,
    "gandi": _OWN.format("gandi"),  # its ids are names: with the A, the AAAA would go
    "gehirn": "it removes the first address of a name, whichever is asked for",
    "internetbs": "it deletes by name and type, whatever the id",
    "misaka": _SETS,
    "namecheap": _OWN.format("namecheap"),  # every change writes the whole zone anew
    "nsone": _OWN.format("ns1"),
    "online": "it takes no notice of the id when it deletes, and empties the zone",
    "sakuracloud": "it has no ids, and deletes by name",
    "zonomi": "what it creates takes the place of all addresses of the name",
}

# Their update deletes the record and creates another: better the other way round, so that the name
# never goes dark; or it hits another record where a name has several.
ANEW = frozenset({"azure", "devnomads", "dinahosting", "dreamhost", "googleclouddns", "henet", "hostingde"})
ANEW |= {"hover", "httpnet", "ionos", "nfsn", "plesk", "powerdns", "rcodezero", "route53", "transip"}
ANEW |= {"ultradns", "yandexcloud"}

# They take any zone for theirs, or the first that looks like it, or guess which one is meant.
BLIND = frozenset({"dnsimple", "dreamhost", "dynu", "easyname", "godaddy", "localzone", "qcloud"})
BLIND |= {"rackspace", "yandexcloud"}

# They send the name of an update as it is given, and their services want it without the zone.
RELATIVE = frozenset({"glesys", "scaleway"})
