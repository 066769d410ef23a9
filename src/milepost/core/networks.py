"""Which IP addresses lie inside: of this machine, of its network, or of none that a stranger could mean."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings

_CARRIES_IPV4 = (ip_network("64:ff9b::/96"), ip_network("::/96"))  # RFC 6052, and what RFC 4291 had before


def is_inner(address: str) -> bool:
    """Whether whoever names this IP address could ask what stands behind our door; not in `INNER_NETWORKS`, which are opened."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        is_packed = any(ip in network for network in _CARRIES_IPV4)
        ip = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFFFFFF) if is_packed else ip)
    if any(ip in ip_network(network) for network in settings.INNER_NETWORKS):
        return False
    return not ip.is_global or ip.is_multicast
