"""Which address is true, and what stands between this machine and the Internet.  Pure.

The views of one look (`core.views`) are compared, because each shows what the others cannot: only the
router knows its own line, only the Internet knows what lies behind that.  What the evidence does not
prove is said so (`sure` is false), with what else it may be.

Sources: RFC 1918 and RFC 4193 (private), RFC 6598 (100.64.0.0/10, between a subscriber and a
carrier-grade NAT), RFC 6333 and RFC 7335 (192.0.0.0/29, the near end of DS-Lite and of 464XLAT),
RFC 6890 (the rest), RFC 8981 (temporary IPv6 addresses), RFC 6296 (NPTv6), RFC 4787, 4.1 (a NAT may
use several addresses); read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Sequence

from .address import AddressClass
from .advice import BIND, LINES, MORE, SHARED, TWICE, WORDS, Verdict
from .observation import SHOWN, Reading
from .rhythm import Sighting
from .views import LOGIN, Views, listed, of_class, operators, public, sort, texts, translators

__all__ = ["WORDS", "Verdict", "tunnelled", "verdict"]

FLAP = 3600.0  # seconds of the past in which flapping is looked for
RETURNS = 2  # changes back to an address that was there before, within them
UNREST = 5  # changes within them, wherever they led


def verdict(
    readings: Sequence[Reading],
    sightings: Sequence[Sighting] = (),
    *,
    now: float = 0.0,
    tunnel: str | None = None,
) -> Verdict:
    """What the judged readings of one look say together; their order does not matter.

    `sightings` are the last changes of the same line and type, `now` the time of the look.  `tunnel` is
    the interface that the outside sources left by, if it is a tunnel (see `tunnelled`); None if it is
    none, or nobody knows.
    """
    views = sort(readings)
    found = (
        _portal(views)
        or _translated(views, tunnel)
        or _flapping(views, sightings, now)
        or _split(views)
        or _torn(views)
        or _seen(views, tunnel)
        or _unseen(views)
    )
    if found.word in ("split-horizon", "disagreement", "flapping"):
        return found
    others = [value for value in views.outside if value != views.seen]
    instead = " instead" if views.seen else ""
    odd = [f"{views.labels[value][0]} says {listed(value)}{instead}" for value in others]
    odd += [
        f"{r.source} says {listed(r.refused)}, so it sits within a closed network" for r in views.inside
    ]
    if not odd:
        return found
    proved = found.word in ("cgnat", "double-nat")  # by the router alone, whatever outside says
    return found._replace(
        says="; ".join([found.says, *odd[:SHOWN]]), sure=found.sure and (proved or not others)
    )


def tunnelled(interface: str) -> bool:
    """Does an interface of that name lead through a tunnel?  `ppp0` does not: that is PPPoE."""
    name = interface.lower()
    starts = ("wg", "tun", "tap", "utun", "tailscale", "zt", "nordlynx", "proton", "ipsec", "vti")
    return name.startswith(starts) or any(word in name for word in ("vpn", "wireguard", "wintun", "warp"))


# -- the rules, in their order: each sees what those before it left ---------------------------------


def _portal(views: Views) -> Verdict | None:
    """Something answers in the place of the pages that were asked, and nobody else got through."""
    if views.outside or not (views.portals or len(operators(views.impostors)) > 1):
        return None
    first = (views.portals or views.impostors)[0]
    several = len(operators(views.portals)) > 1
    plain = any((reading.error or "").startswith(LOGIN) for reading in views.portals)
    doubt = (
        ""
        if several
        else "; or that page does not tell addresses"
        if views.portals
        else "; perhaps a portal"
    )
    return Verdict(
        "captive-portal",
        f"{first.source}: {first.error}; nobody else outside could be asked{doubt}",
        "open a web page with a browser on this network and log in; what is published stays until then",
        sure=several and plain,
    )


def _translated(views: Views, tunnel: str | None) -> Verdict | None:
    """Is the router's own address, or this machine's, one that only a translator can stand behind?"""
    if views.seen & (views.here | views.gateway):
        return None
    seen = f"; the Internet sees {listed(views.seen)}" if views.seen else ""
    line = views.gateway
    if lite := translators(line):
        return Verdict("cgnat", f"the router is an end of DS-Lite ({lite}, RFC 6333){seen}", SHARED)
    if shared := of_class(line, AddressClass.CGNAT):
        return Verdict("cgnat", f"the router's own address {shared} is carrier-grade NAT's{seen}", SHARED)
    if private := of_class(line, AddressClass.PRIVATE):
        twice = f", so another router translates, too{seen}" if seen else "; nobody outside can reach that"
        says = f"the router's own address {private} is private{twice}"
        return Verdict("double-nat", says, TWICE)
    sender = views.sender or views.here
    if public(line) or tunnel is not None:
        return None
    if clat := translators(sender):
        return Verdict("cgnat", f"IPv4 is translated into IPv6 here ({clat}, RFC 7335){seen}", SHARED)
    if shared := of_class(sender, AddressClass.CGNAT):
        says = f"this machine has {shared}: carrier-grade NAT, or a VPN that uses such addresses{seen}"
        return Verdict("cgnat", says, SHARED, sure=False)
    return None


def _flapping(views: Views, sightings: Sequence[Sighting], now: float) -> Verdict | None:
    """Back and forth, or on and on, within the last hour; or two addresses of that hour at once."""
    past = sorted((one for one in sightings if one.at <= now), key=lambda one: one.at)
    older = [one for one in past if one.at < now - FLAP]
    said = [one.addresses for one in [*older[-1:], *(one for one in past if one.at >= now - FLAP)]]
    said = [value for place, value in enumerate(said) if place == 0 or value != said[place - 1]]
    changes = len(said) - 1
    returns = [value for place, value in enumerate(said) if value in said[:place]]
    if len(returns) >= RETURNS:
        between = " and ".join(sorted({", ".join(value) or "none" for value in returns}))
        says = f"{changes} changes within an hour, again and again to {between}"
        return Verdict("flapping", says, LINES)
    if changes >= UNREST:
        says = f"{changes} changes within an hour"
        return Verdict("flapping", says, "see the log of the router: the line may be unstable")
    if len(views.outside) > 1 and all(texts(value) in said for value in views.outside):
        both = " and ".join(sorted(map(listed, views.outside)))
        says = f"{both} are seen at the same time, and each was the address within the last hour"
        return Verdict("flapping", f"{says}: perhaps several lines take turns", LINES, sure=False)
    return None


def _split(views: Views) -> Verdict | None:
    """Every kind of source is of one mind, and the kinds differ."""
    if len(views.outside) != 2 or any(len(values) > 1 for values in views.kinds.values()):
        return None
    sides = {
        value: [k for k in ("http", "dns", "stun") if value in views.kinds.get(k, ())]
        for value in views.outside
    }
    told = sorted(f"{' and '.join(kinds)} say {listed(value)}" for value, kinds in sides.items())
    true = [value for value in sides if value & (views.gateway | views.here)]
    causes = {"http": "a proxy for web pages", "dns": "something that answers DNS questions in between"}
    odd = [kinds[0] for kinds in sides.values() if len(kinds) == 1]
    cause = " or ".join(causes[word] for word in odd if word in causes) or "a path of its own for STUN"
    advice = "keep to the sources that see the line itself"
    if len(true) == 1:
        told.append(f"{'the router' if true[0] & views.gateway else 'this machine'} says {listed(true[0])}")
        advice += ": " + ", ".join(sides[true[0]])
    enough = all(len(operators) > 1 for operators in views.outside.values())
    return Verdict(
        "split-horizon", f"{'; '.join(told)}: perhaps {cause}, or several lines", advice, sure=enough
    )


def _torn(views: Views) -> Verdict | None:
    """Outside says several things, and no majority says one of them."""
    if not views.outside or views.seen:
        return None
    said = [f"{views.labels[value][0]} says {listed(value)}" for value in sorted(views.outside, key=texts)]
    return Verdict("disagreement", f"{'; '.join(said[:SHOWN])}: perhaps several lines", LINES, sure=False)


def _seen(views: Views, tunnel: str | None) -> Verdict | None:
    """Outside is of one mind: what has the line to do with it?"""
    seen, here = views.seen, views.here
    if not seen:
        return None
    text = listed(seen)
    if seen & here:
        how = "a temporary address of its network (RFC 8981)" if views.temporary else "the same"
        through = f", through the tunnel {tunnel}" if tunnel else ""
        return Verdict("direct", f"this machine itself has {text}, and the Internet sees {how}{through}")
    if seen & views.gateway:
        says = (
            f"the router has {text}, and the Internet sees the same: one NAT, where ports can be forwarded"
        )
        return Verdict("nat", says)
    who = "the router" if public(views.gateway) else "this machine"
    own = listed(public(views.gateway) or public(here))
    has = f", but {who} has {own}" if own else ""
    if tunnel is not None:
        return Verdict("vpn", f"the Internet sees {text} through the tunnel {tunnel}{has}", BIND)
    if own:
        late = f"or {who} tells an old address"
        if views.voices == 1:
            says = f"{views.labels[seen][0]} alone sees {text}{has}: one of them is wrong or late"
            return Verdict("disagreement", says, BIND, sure=False)
        says = f"the Internet sees {text}{has}: a VPN or proxy on the way, a NAT of the provider, {late}"
        return Verdict("vpn", says, BIND, sure=False)
    if any(address.version == 6 for address in here):
        says = f"this machine has {listed(here)} only; perhaps it is translated to {text} (RFC 6296)"
        advice = "IPv6 needs no translation: let the router hand out addresses of the provider's prefix"
        return Verdict("nat", says, advice, sure=False)
    return _agreed(views)


def _agreed(views: Views) -> Verdict:
    """Nothing but the views from outside, and perhaps a person, tells the address."""
    seen, given = views.seen, views.given
    text = listed(seen)
    if given and given != seen:
        says = f"the configuration or its program says {listed(given)}, the Internet sees {text}"
        return Verdict("disagreement", says, "if that is meant, keep it as the only source", sure=False)
    if views.voices + bool(given) == 1:
        return Verdict("alone", f"{views.labels[seen][0]} alone says {text}", MORE)
    who = [*views.labels[seen][:SHOWN], *(["the configuration"] if given else [])]
    hidden = "; this machine is behind a NAT, and its router does not tell whether it has that address"
    behind = hidden if views.here and not views.gateway else ""
    return Verdict("agreement", f"{', '.join(who)} say {text}{behind}")


def _unseen(views: Views) -> Verdict:
    """Nobody outside answered."""
    router, here, given = public(views.gateway), public(views.here), views.given
    said = [value for value in (router, here, given) if value]
    if len(said) > 1 and said.count(said[0]) == len(said):
        return Verdict(
            "agreement", f"all who look from here say {listed(said[0])}; nobody outside answered"
        )
    if router or here:
        has = [f"{who} has {listed(v)}" for who, v in (("the router", router), ("this machine", here)) if v]
        return Verdict("alone", f"{' and '.join(has)}; nobody outside confirms it", MORE)
    if given:
        return Verdict("given", f"the configuration or its program says {listed(given)}")
    if any(reading.addresses is not None for reading in views.readings):
        return Verdict("given", "the configuration or its program says that there is none, on purpose")
    failed = [f"{reading.source}: {reading.error}" for reading in views.readings]
    says = "; ".join(failed[:SHOWN]) or "there is no source to ask"
    return Verdict("unknown", says, "is this line up? `homeport ip` shows every source")
