"""Authorities that date what they are given as the test wants: by a root, by themselves, for other purposes, at any time (RFC 3161)."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from milepost.journal.models import Timestamp

DER = serialization.Encoding.DER


@cache
def key_of(name):
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """One of this name, certified by `root`, or by itself."""

    def __init__(
        self, name="tsa", root=None, *, uses=(ExtendedKeyUsageOID.TIME_STAMPING,), critical=True, days=(-400, 400)
    ):
        self.key, self.root = key_of(name), root
        now, issuer = datetime.now(UTC), root or self
        builder = x509.CertificateBuilder().subject_name(named(name)).public_key(self.key.public_key())
        builder = builder.issuer_name(root.certificate.subject if root else named(name)).serial_number(
            x509.random_serial_number()
        )
        since, until = (now + timedelta(days=count) for count in days)
        builder = builder.not_valid_before(since).not_valid_after(until)
        if uses:
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=critical)
        else:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = builder.sign(issuer.key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def token(self, signature, at=None):
        """The token over this signature, that says this time."""
        packed = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        chain = [self.root.certificate] if self.root else []
        stamper = DummyTimeStamper(
            asn1_x509.Certificate.load(self.certificate.public_bytes(DER)),
            asn1_keys.PrivateKeyInfo.load(self.key.private_bytes(DER, *packed)),
            certs_to_embed=[asn1_x509.Certificate.load(one.public_bytes(DER)) for one in chain],
            fixed_dt=at or datetime.now(UTC).replace(microsecond=0),
        )
        digest = hashlib.sha256(signature).digest()
        return asyncio.run(stamper.async_timestamp(digest, "sha256")).dump()

    def stamp(self, seal, at=None):
        """Have it stamp a seal, as the background does."""
        at = at or datetime.now(UTC).replace(microsecond=0)
        return Timestamp.objects.create(seal=seal, token=self.token(bytes(seal.signature), at), time=at)


@cache
def root():
    return Authority("root", uses=())


@cache
def certified():
    """What an organisation would use: an authority that a root certified."""
    return Authority("tsa.example", root())
