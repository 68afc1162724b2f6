"""Services that are told an address by one URL: one row for each.

From the services' own pages and what other clients know of them; `doc` is where to look (read
2026-11-21), and `certain = False` marks what is known from other clients only.  What is not certain
is chosen so that it does no harm: one host in a request, one request for each family.

Here are those that answer in the return codes of dyndns2; those with words of their own are in
`dyndns2_words.py`.  Not here, since they have drivers of their own: Duck DNS, FreeDNS, Namecheap.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..core.budget import Budget
from .dyndns2 import MOST_HOSTS, Service
from .dyndns2_words import WORDS

_CLOSED = "has closed; move the zone to another provider"
GONE: Mapping[str, str] = {  # and one that this program cannot serve
    "cloudxns": f"CloudXNS {_CLOSED}",
    "dhis": "DHIS takes a host offline six minutes after its last word; run DHIS's own client",
    "dnspark": f"DNS Park {_CLOSED}",
    "dtdns": f"DtDNS {_CLOSED}",
    "google": "Google Domains closed in 2023, and Squarespace, which took it over, has no dynamic DNS; "
    "move the zone to another provider",
    "googledomains": "Google Domains closed in 2023, and Squarespace, which took it over, has no dynamic "
    "DNS; move the zone to another provider",
    "gratisdns": f"GratisDNS {_CLOSED}",
    "tzo": f"TZO {_CLOSED}",
    "yandex": "Yandex PDD closed; zones of Yandex Cloud can be kept by its API, others must move",
    "zerigo": f"Zerigo {_CLOSED}",
}

_CODES: Mapping[str, Service] = {
    "3322": Service(
        title="3322 (PubYun)",
        url="https://members.3322.org/dyndns/update",
        doc="http://www.pubyun.com/wiki/",
        certain=False,
    ),
    "allinkl": Service(
        title="ALL-INKL",
        url="https://dyndns.kasserver.com/",
        ipv6="params",
        myip6="myip6",
        doc="https://all-inkl.com/wichtig/anleitungen/",
        certain=False,
        notes="One login for each host: hostname is ignored.",
    ),
    "corenetworks": Service(
        title="Core-Networks",
        url="https://dyndns.core-networks.de/",
        keep=("keepipv4=1", "keepipv6=1"),
        forgets=True,
        doc="https://www.core-networks.de/",
        certain=False,
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
        limit=Budget(2000, 86_400),
        limit_of_domain=Budget(1, 60),  # so https://desec.readthedocs.io/en/latest/rate-limits.html
        doc="https://desec.readthedocs.io/en/latest/dyndns/update-api.html",
        notes="The password is a token. Names of one request must be in one domain; one update in "
        "a minute for each domain.",
    ),
    "dnsomatic": Service(
        title="DNS-O-Matic",
        url="https://updates.dnsomatic.com/nic/update",
        ipv6="none",
        extra={"wildcard": "NOCHG", "mx": "NOCHG", "backmx": "NOCHG"},
        doc="https://www.dnsomatic.com/docs/api",
        notes="'good' means accepted for distribution. hostname = \"all.dnsomatic.com\" for all services.",
    ),
    "dode": Service(
        title="do.de",
        url="https://ddns.do.de/nic/update",
        doc="https://www.do.de/wiki/Dynamisches_DNS_-_Entwickler",
    ),
    "domopoli": Service(
        title="domopoli",
        url="https://dyndns.domopoli.de/nic/update",
        ipv6="none",
        doc="https://www.domopoli.de/?page=howto#DynDns_start",
        certain=False,
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
        certain=False,
    ),
    "dynu": Service(
        title="Dynu",
        url="https://api.dynu.com/nic/update",
        ipv6="params",
        keep=("myip=no", "myipv6=no"),
        doc="https://www.dynu.com/DynamicDNS/IP-Update-Protocol",
    ),
    "freedyn": Service(
        title="FreeDyn",
        url="https://ipv4.api.freedyn.de/nic/update",
        url6="https://ipv6.api.freedyn.de/nic/update",
        doc="https://freedyn.de/dyndnsapi.php",
    ),
    "gigahost": Service(
        title="Gigahost",
        url="https://api.gigahost.no/api/v0/dns/dyndns",
        myip6="myipv6",
        doc="https://gigahost.no/en/api-dokumentasjon",
        certain=False,
        notes="username is the e-mail address of the account. 'badagent' may mean the address.",
    ),
    "he": Service(
        title="Hurricane Electric DNS",
        url="https://dyn.dns.he.net/nic/update",
        pause=300.0,
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
        certain=False,
        notes="Sets the end point of a tunnel; hostname is the tunnel's number, password its update key.",
    ),
    "infomaniak": Service(
        title="Infomaniak",
        url="https://infomaniak.com/nic/update",
        codes=True,
        words={"successfully_changed": "good", "no_change": "nochg"},
        doc="https://www.infomaniak.com/en/support/",
        certain=False,
        notes="'nohost' may also mean that the address was not accepted.",
    ),
    "inwx": Service(
        title="INWX",
        url="https://dyndns.inwx.com/nic/update",
        ipv6="params",
        forgets=True,
        doc="https://www.inwx.com/en/offer/dyndns",
        certain=False,
        notes="A DynDNS account is bound to one host.",
    ),
    "itsdns": Service(
        title="it's DNS",
        url="https://www.itsdns.de/update.php",
        codes=True,
        statuses={400: "badrequest", 401: "badauth", 500: "servererror"},
        doc="https://www.itsdns.de/dynupdatehelp.htm",
        notes="username is the e-mail address, password the update key of the host.",
    ),
    "joker": Service(
        title="Joker", url="https://svc.joker.com/nic/update", doc="https://joker.com/faq/", certain=False
    ),
    "loopia": Service(
        title="Loopia",
        url="https://dyndns.loopia.se/",
        doc="https://support.loopia.com/wiki/About_the_DynDNS_support",
        notes="The record must exist. '911' may also mean that the address was not accepted.",
    ),
    "luadns": Service(
        title="LuaDNS",
        url="https://app.luadns.com/nic/update",
        doc="https://www.luadns.com/",
        certain=False,
        notes="username is the e-mail address, password an API token. The record must exist.",
    ),
    "myonlineportal": Service(
        title="myonlineportal.net",
        url="https://myonlineportal.net/updateddns",
        myip="ip",
        myip6="ip6",
        doc="https://myonlineportal.net/howto_dyndns",
        certain=False,
    ),
    "nicru": Service(
        title="NIC.RU", url="https://api.nic.ru/nic/update", doc="https://www.nic.ru/", certain=False
    ),
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
    "nowdns": Service(
        title="Now-DNS",
        url="https://now-dns.com/update",
        doc="https://now-dns.com/?m=api",
        certain=False,
        notes="username is the e-mail address of the account.",
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
        certain=False,
        notes="Tells OpenDNS the address of a network; hostname is the network's label.",
    ),
    "oray": Service(
        title="Oray",
        url="https://ddns.oray.com/ph/update",
        ipv6="none",
        doc="https://www.oray.com/",
        certain=False,
    ),
    "ovh": Service(
        title="OVH DynHost",
        url="https://www.ovh.com/nic/update",
        extra={"system": "dyndns"},
        doc="https://help.ovhcloud.com/",
        certain=False,
        notes="username is that of a DynHost, domain-suffix.",
    ),
    "powerdnsadmin": Service(
        title="PowerDNS-Admin (your own server)",
        url="",
        doc="https://github.com/PowerDNS-Admin/PowerDNS-Admin",
        certain=False,
        notes="endpoint is https://YOUR-SERVER/nic/update; the record must exist.",
    ),
    "schokokeks": Service(
        title="schokokeks.org",
        url="https://dyndns.schokokeks.org/nic/update",
        doc="https://wiki.schokokeks.org/DynDNS",
        certain=False,
    ),
    "selfhost": Service(
        title="selfHOST",
        url="https://carol.selfhost.de/nic/update",
        codes=True,
        statuses={
            204: "nochg",
            401: "badauth",
            409: "nohost",
            410: "!active",
            411: "badip",
            412: "badip",
            503: "servererror",
        },
        doc="https://www.selfhost.de/",
        certain=False,
    ),
    "simply": Service(
        title="Simply.com",
        url="https://api.simply.com/2/ddns/",
        doc="https://www.simply.com/en/docs/api/",
        certain=False,
    ),
    "spdyn": Service(
        title="spDYN",
        url="https://update.spdyn.de/nic/update",
        doc="https://wiki.securepoint.de/SPDyn",
        certain=False,
        notes="With an update token, username is the name itself.",
    ),
    "strato": Service(
        title="STRATO",
        url="https://dyndns.strato.com/nic/update",
        ipv6="comma",
        forgets=True,
        doc="https://www.strato.de/faq/",
        certain=False,
        notes="username is the domain, password the one for dynamic DNS.",
    ),
    "twodns": Service(
        title="TwoDNS",
        url="https://update.twodns.de/update",
        ipv6="none",
        myip="ip",
        doc="https://www.twodns.de/en/api",
        certain=False,
    ),
    "udmedia": Service(
        title="ud media",
        url="https://www.udmedia.de/nic/update",
        doc="https://www.udmedia.de/",
        certain=False,
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
        certain=False,
    ),
    "xlhost": Service(
        title="XLhost",
        url="https://nsupdate.xlhost.de/",
        ipv6="none",
        doc="https://xlhost.de/faq/index_html?topicId=CQA2ELIPO4SQ",
        certain=False,
    ),
}

SERVICES: Mapping[str, Service] = dict(sorted({**_CODES, **WORDS}.items()))
