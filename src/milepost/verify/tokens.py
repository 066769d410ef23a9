"""Signed tokens that carry their certificate (JWS compact serialization, RS256; RFC 7515, section 7.1)."""

import base64
import hashlib
import re
from typing import Any

from cryptography import x509

from .report import Broken
from .signatures import is_signed, name_of, unpadded
from .strict_json import read_json

TOKEN = re.compile(rb"(?<![\w-])[\w-]{20,}+\.[\w-]{20,}+\.[\w-]{20,}+")


def signed_claims(token: str, what: str) -> tuple[dict[str, Any], str, str]:
    """What the token says, the fingerprint of the certificate whose key signed it, and the name on that. Raises `Broken` of `what`."""
    head, body, signature = token.split(".")
    try:
        header, claims = read_json(unpadded(head)), read_json(unpadded(body))
    except ValueError as error:
        raise Broken(f"The {what} was changed: it can’t be read.") from error
    chain = header.get("jwk", header).get("x5c")  # earlier releases had it in the header itself
    if not chain or header.get("alg") != "RS256":
        raise Broken(
            f"The {what} does not carry its certificate, so it can’t be checked offline. Check it at the issuer’s /verify/ page."
        )
    try:
        der = base64.b64decode(chain[0])
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, KeyError) as error:
        raise Broken(f"The {what} was changed: its certificate can’t be read.") from error
    if not is_signed(certificate, f"{head}.{body}".encode(), unpadded(signature)):
        raise Broken(f"The {what} was changed: its signature does not fit it.")
    return claims, hashlib.sha256(der).hexdigest(), name_of(certificate)
