"""A time-stamping authority (RFC 3161) that says whatever time it is told to."""

import hashlib
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from vectors.fixed import certificate, rsa_key

NAME = "authority"


def stamp_over(content: bytes, *, time: datetime) -> Any:
    """A token over these bytes (CMS ContentInfo)."""
    use = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
    made = certificate(
        NAME, at=time.replace(year=2026, month=1, day=1), common_name="Time for tests", extensions=(use,)
    )
    own = asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.2.3.4",
            "message_imprint": {"hash_algorithm": sha256, "hashed_message": hashlib.sha256(content).digest()},
            "serial_number": int.from_bytes(hashlib.sha256(content).digest()[:8]),
            "gen_time": time.replace(microsecond=0),
            "ordering": True,
        }
    )
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(info.dump()).digest()]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": time.replace(microsecond=0)})]}),
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [{"certs": [{"cert_hash": hashlib.sha256(own.dump()).digest()}]}],
                }
            ),
        ]
    )
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
            "digest_algorithm": sha256,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
            "signature": rsa_key(NAME).sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256()),
        }
    )
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [sha256],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info.dump())},
            "certificates": [own],
            "signer_infos": [signer],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed})


def pem_of(token: Any) -> bytes:
    """The certificate in a token."""
    der = token["content"]["certificates"][0].chosen.dump()
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
