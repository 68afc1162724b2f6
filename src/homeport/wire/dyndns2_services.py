"""Services that answer with the return codes of dyndns2: one row for each.

From the services' own pages and what other clients know of them; `doc` is where to look (read
2026-11-21).  What is not certain is chosen so that it does no harm: one host in a request, one
request for each family.

Not here, since they answer in words of their own: easyDNS, ZoneEdit, Domeneshop, ChangeIP, DDNSS,
ipv64, FreeDNS, Namecheap.  LuaDNS is not here since it does not say where its update server stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from .dyndns2 import MOST_HOSTS, Service

GONE: Mapping[str, str] = {
    "google": "Google Domains closed in 2023, and Squarespace, which took it over, has no dynamic DNS; "
    "move the zone to another provider",
}

SERVICES: Mapping[str, Service] = {
    "3322": Service(
        title="3322 (PubYun)",
        url="https://members.3322.org/dyndns/update",
        doc="http://www.pubyun.com/wiki/",
    ),
    "allinkl": Service(
        title="ALL-INKL",
        url="https://dyndns.kasserver.com/",
        ipv6="params",
        myip6="myip6",
        doc="https://all-inkl.com/wichtig/anleitungen/",
    ),
    "corenetworks": Service(
        title="Core-Networks",
        url="https://dyndns.core-networks.de/",
        keep=("keepipv4=1", "keepipv6=1"),
        forgets=True,
        doc="https://www.core-networks.de/",
    ),
    "desec": Service(
        title="deSEC (dedyn.io)",
        url="https://update.dedyn.io/",
        ipv6="params",
        myip="myipv4",
        keep=("myipv4=preserve", "myipv6=preserve"),
        forgets=True,
        empties=True,
        several=True,
        hosts=MOST_HOSTS,
        doc="https://desec.readthedocs.io/en/latest/dyndns/update-api.html",
        notes="The password is a token. Names of one request must be in one domain; two updates in "
        "two minutes for each domain.",
    ),
    "dnsomatic": Service(
        title="DNS-O-Matic",
        url="https://updates.dnsomatic.com/nic/update",
        ipv6="none",
        extra={"wildcard": "NOCHG", "mx": "NOCHG", "backmx": "NOCHG"},
        doc="https://www.dnsomatic.com/docs/api",
        notes="'good' means accepted for distribution. hostname = \"all.dnsomatic.com\" for all services.",
    ),
    "dode": Service(title="do.de", url="https://ddns.do.de/nic/update", doc="https://www.do.de/"),
    "domopoli": Service(
        title="domopoli",
        url="https://dyndns.domopoli.de/nic/update",
        ipv6="none",
        doc="https://www.domopoli.de/?page=howto#DynDns_start",
    ),
    "dyfi": Service(
        title="dy.fi",
        url="https://www.dy.fi/nic/update",
        ipv6="none",
        refresh_days=6,
        doc="https://www.dy.fi/page/specification?lang=en",
        notes="Forgets a name after seven days.",
    ),
    "dyn": Service(
        title="Dyn",
        url="https://members.dyndns.org/v3/update",
        ipv6="comma",
        hosts=MOST_HOSTS,
        refresh_days=28,
        doc="https://help.dyn.com/perform-update.html",
        notes="The password is the updater client key.",
    ),
    "dyndnsit": Service(
        title="dyndns.it",
        url="https://update.dyndns.it/nic/update",
        ipv6="none",
        doc="https://www.dyndns.it/",
    ),
    "dynu": Service(
        title="Dynu",
        url="https://api.dynu.com/nic/update",
        ipv6="params",
        keep=("myip=no", "myipv6=no"),
        doc="https://www.dynu.com/DynamicDNS/IP-Update-Protocol",
    ),
    "dynv6": Service(
        title="dynv6",
        url="https://dynv6.com/nic/update",
        ipv6="comma",
        username="none",
        doc="https://dynv6.com/docs/apis",
        notes="The password is a token.",
    ),
    "he": Service(
        title="Hurricane Electric DNS",
        url="https://dyn.dns.he.net/nic/update",
        doc="https://dns.he.net/docs.html",
        notes="username is the name itself, password the key of that record: one account for each name. "
        "The record must exist and be marked dynamic.",
    ),
    "hetunnel": Service(
        title="Hurricane Electric tunnel",
        url="https://ipv4.tunnelbroker.net/nic/update",
        ipv6="none",
        by_label=True,
        doc="https://forums.he.net/index.php?topic=3153.msg19774#msg19774",
        notes="Sets the end point of a tunnel; hostname is the tunnel's number, password its update key.",
    ),
    "infomaniak": Service(
        title="Infomaniak",
        url="https://infomaniak.com/nic/update",
        also_good=frozenset({"successfully_changed", "no_change"}),
        doc="https://www.infomaniak.com/en/support/",
        notes="'nohost' may also mean that the address was not accepted.",
    ),
    "inwx": Service(
        title="INWX",
        url="https://dyndns.inwx.com/nic/update",
        ipv6="params",
        forgets=True,
        doc="https://www.inwx.com/en/offer/dyndns",
        notes="A DynDNS account is bound to one host.",
    ),
    "joker": Service(title="Joker", url="https://svc.joker.com/nic/update", doc="https://joker.com/faq/"),
    "loopia": Service(
        title="Loopia",
        url="https://dyndns.loopia.se/",
        doc="https://support.loopia.com/wiki/About_the_DynDNS_support",
        notes="The record must exist. '911' may also mean that the address was not accepted.",
    ),
    "nicru": Service(title="NIC.RU", url="https://api.nic.ru/nic/update", doc="https://www.nic.ru/"),
    "noip": Service(
        title="No-IP",
        url="https://dynupdate.no-ip.com/nic/update",
        ipv6="comma",
        hosts=MOST_HOSTS,
        refresh_days=28,
        doc="https://www.noip.com/integrate/request",
        notes="username and password are those of a DDNS key. Free names must be confirmed on the web "
        "every month.",
    ),
    "nsupdate": Service(
        title="nsupdate.info",
        url="https://ipv4.nsupdate.info/nic/update",
        url6="https://ipv6.nsupdate.info/nic/update",
        doc="https://nsupdateinfo.readthedocs.io/en/latest/user.html",
        notes="username is the name itself, password its update secret: one account for each name.",
    ),
    "opendns": Service(
        title="OpenDNS",
        url="https://updates.opendns.com/nic/update",
        ipv6="none",
        by_label=True,
        doc="https://support.opendns.com/",
        notes="Tells OpenDNS the address of a network; hostname is the network's label.",
    ),
    "oray": Service(
        title="Oray", url="https://ddns.oray.com/ph/update", ipv6="none", doc="https://www.oray.com/"
    ),
    "ovh": Service(
        title="OVH DynHost",
        url="https://www.ovh.com/nic/update",
        extra={"system": "dyndns"},
        doc="https://help.ovhcloud.com/",
        notes="username is that of a DynHost, domain-suffix.",
    ),
    "schokokeks": Service(
        title="schokokeks.org",
        url="https://dyndns.schokokeks.org/nic/update",
        doc="https://wiki.schokokeks.org/DynDNS",
    ),
    "selfhost": Service(
        title="selfHOST",
        url="https://carol.selfhost.de/nic/update",
        silent=True,
        doc="https://www.selfhost.de/",
    ),
    "simply": Service(
        title="Simply.com", url="https://api.simply.com/2/ddns/", doc="https://www.simply.com/en/docs/api/"
    ),
    "spdyn": Service(
        title="spDYN",
        url="https://update.spdyn.de/nic/update",
        doc="https://wiki.securepoint.de/SPDyn",
        notes="With an update token, username is the name itself.",
    ),
    "strato": Service(
        title="STRATO",
        url="https://dyndns.strato.com/nic/update",
        ipv6="comma",
        forgets=True,
        doc="https://www.strato.de/faq/",
        notes="username is the domain, password the one for dynamic DNS.",
    ),
    "udmedia": Service(
        title="ud media", url="https://www.udmedia.de/nic/update", doc="https://www.udmedia.de/"
    ),
    "variomedia": Service(
        title="Variomedia",
        url="https://dyndns4.variomedia.de/nic/update",
        url6="https://dyndns6.variomedia.de/nic/update",
        doc="https://www.variomedia.de/faq/",
    ),
    "websupport": Service(
        title="WebSupport",
        url="https://dyndns.websupport.sk/nic/update",
        doc="https://www.websupport.sk/podpora/",
    ),
}
