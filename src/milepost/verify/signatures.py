"""Certificates and what they signed."""

import base64
import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def certificate_in(pem: bytes | str) -> x509.Certificate:
    """The one that this is in PEM (RFC 7468), with nothing beside it. Raises `ValueError`."""
    content = pem.encode() if isinstance(pem, str) else pem
    certificate = x509.load_pem_x509_certificate(content)
    if certificate.public_bytes(serialization.Encoding.PEM) != content:
        raise ValueError("more stands there than a certificate")
    return certificate


def unbase64(text: str) -> bytes:
    """What is written in base 64 (RFC 4648, section 4), in the one way in which it can be. Raises `ValueError`."""
    content = base64.b64decode(text, validate=True)
    if base64.b64encode(content).decode() != text:
        raise ValueError("not in base 64")
    return content


def is_signed(certificate: x509.Certificate, data: bytes, signature: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2)."""
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def fingerprint_of(certificate: x509.Certificate) -> str:
    """The fingerprint (SHA-256) of a certificate."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def name_of(certificate: x509.Certificate) -> str:
    """The common name of its subject, or all of that."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def unpadded(text: str) -> bytes:
    """What is written in base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
