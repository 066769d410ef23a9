"""The key that an organisation signs with: its seals, its certificates, its badges.

Made on first use (RSA with 3072 bits and a certificate that it signs itself), brought by the operator as a PKCS#12
file, or left in a token that signs (see `tokens`). A private key that is here is kept as PKCS#8, encrypted under
`MILEPOST_SECRET_KEY` (`core.encryption`), so a copy of the database alone signs nothing. Docs: decision 0006.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.core.canonical import canonical_json, fingerprint
from milepost.core.encryption import MARK, Locked, a_part_at_a_time, decrypted, encrypted, is_current
from milepost.core.refusals import Refused
from milepost.journal import folding, remote_keys, tokens
from milepost.journal.models import KeyRevocation, SigningKey
from milepost.journal.organisations import identity_of
from milepost.journal.recording import time_text

BITS, LEAST_BITS = (
    3072,
    2048,
)  # of a key that is made here (128 bits of security, NIST SP 800-57), and of one that is brought
USE = "journal.signingkey.private"  # what a kept key is encrypted for
LOOK = 20  # keys that are tried at a start before the secret is said to be another one
YEARS = 10
REVOCATION = "milepost-key-revocation/1"


class KeyRefused(Refused):
    """The key file can't be used; the message says why and what to do."""

    status = 422


class KeyLocked(Refused):
    """The kept key does not open with this `MILEPOST_SECRET_KEY`."""

    status = 503


def current_key(organisation_id: int) -> SigningKey:
    """The key that the organisation signs with now; made on first use."""
    return _current(organisation_id) or _make(organisation_id)


def _current(organisation_id: int) -> SigningKey | None:
    return SigningKey.objects.filter(organisation_id=organisation_id, is_current=True).first()


def _kept(organisation_id: int, key_fingerprint: str) -> SigningKey | None:
    return SigningKey.objects.filter(organisation_id=organisation_id, fingerprint=key_fingerprint).first()


def _make(organisation_id: int) -> SigningKey:
    private, certificate = _self_made(organisation_id)
    return _keep(organisation_id, _encrypted(private), certificate, [], only_if_first=True)


def _self_made(organisation_id: int) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A new key with a certificate that it signs itself."""
    private = _new_private_key()
    name = identity_of(organisation_id).name
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:64])
    subject = x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, name[:57] + " (seal)")])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signs_only(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    return private, certificate


def _new_private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=BITS)


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def import_pkcs12(organisation_id: int, content: bytes, *, password: str) -> SigningKey:
    """Sign with the key in this PKCS#12 file from now on; what older keys signed stays valid. Raises `KeyRefused`."""
    try:
        private, certificate, chain = pkcs12.load_key_and_certificates(content, password.encode() or None)
    except ValueError as error:
        raise KeyRefused(_("This is not a PKCS#12 file, or the password is not the one it was made with.")) from error
    if private is None or certificate is None:
        raise KeyRefused(_("The file holds no private key with its certificate. Export both into one .p12 file."))
    if not isinstance(private, rsa.RSAPrivateKey):
        raise KeyRefused(_("The key is not RSA with 2048 bits or more, which PDF/A seals need."))
    _refuse_unfit(certificate, private.public_key())
    return _keep(organisation_id, _encrypted(private), certificate, chain)


def use_token(organisation_id: int, *, token: str, label: str, chain: list[x509.Certificate]) -> SigningKey:
    """Sign with the key of this label in this token from now on. Raises `KeyRefused`, `tokens.TokenRefused`."""
    address = tokens.address_of(token, label)
    key = tokens.opened(address)
    certificate = key.certificate()
    _refuse_unfit(certificate, key.public_key())
    return _keep(organisation_id, address, certificate, chain)


def use_provider(organisation_id: int, credential: str) -> SigningKey:
    """Have papers sealed by the key of this credential with the provider, too, from now on (see `remote_keys`).

    Raises `KeyRefused`, `remote_keys.ProviderRefused`. The organisation's own key goes on to sign everything at once. So
    that a verifier knows the provider's for the organisation's, the key of now hands over to it, and it to a new one made here:
    its signature over that shows that it signs, and with the key of its certificate.

    Where another credential is in use, this one owes what that still owed; after a pause it owes nothing of what was made before.
    """
    address = remote_keys.address_of(credential)
    remote = remote_keys.RemoteKey(address)
    certificate, *chain = remote.certificates()
    of_certificate = fingerprint(certificate.public_bytes(serialization.Encoding.DER))
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise KeyRefused(_("The key is not RSA with 2048 bits or more, which PDF/A seals need."))
    _refuse_unfit(certificate, public)
    private, of_next = _self_made(organisation_id)
    mark = fingerprint(of_next.public_bytes(serialization.Encoding.DER))
    endorsement = remote.sign(endorsement_of(mark), certificate)
    current_key(organisation_id)  # made before it is handed over
    with transaction.atomic():
        folding.lock(organisation_id)
        in_use = provider_keys().filter(organisation_id=organisation_id)
        since = in_use.values_list("provider_since", flat=True).first() or clock.now()
        provider = _kept(organisation_id, of_certificate)
        if provider and not provider.is_current:  # it stands in the chain of keys already, where it stays
            provider.private, provider.provider_since = address, since
            provider.save(update_fields=["private", "provider_since"])
        else:
            provider = _keep(organisation_id, address, certificate, chain, provider_since=since)
            _keep(organisation_id, _encrypted(private), of_next, [], endorsement=endorsement)
        end_provider(organisation_id, but=provider)
    provider.refresh_from_db()
    return provider


def provider_key(organisation_id: int) -> SigningKey | None:
    """The key with a provider that papers are sealed with, too, or None."""
    return provider_keys().filter(organisation_id=organisation_id).first()


def provider_keys() -> "QuerySet[SigningKey]":
    """Those in use, of all organisations."""
    return SigningKey.objects.filter(private__startswith=remote_keys.SCHEME)


def end_provider(organisation_id: int, *, but: SigningKey | None = None) -> int:
    """Have papers sealed by the provider no more; what it sealed stays valid. Returns how many keys of it were in use."""
    rows = provider_keys().filter(organisation_id=organisation_id)
    return (rows.exclude(pk=but.pk) if but else rows).update(private="", provider_since=None)


def _refuse_unfit(certificate: x509.Certificate, public: rsa.RSAPublicKey) -> None:
    if public.key_size < LEAST_BITS:
        raise KeyRefused(_("The key is not RSA with 2048 bits or more, which PDF/A seals need."))
    if certificate.public_key() != public:
        raise KeyRefused(_("The certificate in the file belongs to another key."))
    now = clock.now()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        words = _("The certificate is valid from %(start)s to %(end)s, not today.")
        raise KeyRefused(
            words % {"start": certificate.not_valid_before_utc.date(), "end": certificate.not_valid_after_utc.date()}
        )


def _encrypted(private: rsa.RSAPrivateKey) -> str:
    """PKCS#8 under the server's secret."""
    plain = serialization.NoEncryption()
    text = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
    return encrypted(text, USE)


def _keep(
    organisation_id: int,
    kept: str,
    certificate: x509.Certificate,
    chain: list[x509.Certificate],
    *,
    only_if_first: bool = False,
    endorsement: bytes = b"",
    provider_since: datetime | None = None,
) -> SigningKey:
    """Sign with this key from now on; with `only_if_first` only where there is none, and else return the one there is.

    The key before it endorses it, unless its `endorsement` is there already. Raises `KeyRefused` for one that handed over.

    Keys change under the lock of the tree: whoever seals holds it, too, and so signs with the key that counts.
    """
    pem = serialization.Encoding.PEM
    of_certificate = fingerprint(certificate.public_bytes(serialization.Encoding.DER))
    with transaction.atomic():
        folding.lock(organisation_id)
        before = _current(organisation_id)
        if before and only_if_first:
            return before
        if before and before.fingerprint != of_certificate and _kept(organisation_id, of_certificate):
            # Verifiers know one chain: a key that handed over and was handed over to would stand in it twice, and cut it off.
            raise KeyRefused(
                _("The organisation signed with this key before, and handed over to another. Bring a new certificate.")
            )
        SigningKey.objects.filter(organisation_id=organisation_id, is_current=True).update(is_current=False)
        values: dict[str, Any] = {
            "certificate": certificate.public_bytes(pem).decode(),
            "chain": "".join(above.public_bytes(pem).decode() for above in chain),
            "private": kept,
            "provider_since": provider_since,
            "is_current": True,
        }
        if before and before.fingerprint != of_certificate:
            endorsement = endorsement or sign(before, endorsement_of(of_certificate))
            values |= {"endorsed_by": before.fingerprint, "endorsement": endorsement}
        key, _is_new = SigningKey.objects.update_or_create(
            organisation_id=organisation_id, fingerprint=of_certificate, defaults=values
        )
    return key


def revoke(organisation_id: int, key_fingerprint: str, *, since: datetime, reason: str) -> KeyRevocation:
    """Say that whatever this earlier key signs from `since` on is not the organisation's. Raises `KeyRefused`.

    The key of now signs that; who publishes it is the room `anchors`. Saying it twice changes nothing.
    """
    with transaction.atomic():
        folding.lock(organisation_id)
        key = _kept(organisation_id, key_fingerprint)
        by = current_key(organisation_id)
        if key is None:
            raise KeyRefused(_("The organisation has never signed with a key of this fingerprint."))
        if key == by:
            raise KeyRefused(
                _("The organisation signs with this key now. Bring another one first; that one revokes it.")
            )
        said = {
            "type": REVOCATION,
            "key": key.fingerprint,
            "since": time_text(since),
            "reason": reason.strip(),
            "by": by.fingerprint,
        }
        statement = canonical_json(said)
        values = {"by": by, "statement": statement.decode(), "signature": sign(by, statement)}
        return KeyRevocation.objects.get_or_create(key=key, defaults=values)[0]


def endorsement_of(next_fingerprint: str) -> bytes:
    """What a key signs to hand over to the next, whose certificate has this fingerprint.

    Without it, a dossier that somebody signed anew with a key of their own would look like one after a change of keys.
    """
    return f"milepost-key-endorsement/1:{next_fingerprint}".encode()


def sign(key: SigningKey, data: bytes) -> bytes:
    """The signature over `data`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2).

    Raises `KeyLocked`, or `tokens.TokenRefused` for a key in a token, `remote_keys.ProviderRefused` for one with a provider.
    """
    if key.is_with_provider:
        return remote_keys.RemoteKey(key.private).sign(data, key.x509)
    return private_key(key).sign(data, padding.PKCS1v15(), hashes.SHA256())


def is_signed(key: SigningKey, data: bytes, signature: bytes) -> bool:
    """Whether the key made this signature over `data`."""
    try:
        public_key(key).verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def public_key(key: SigningKey) -> rsa.RSAPublicKey:
    """The public key in the certificate."""
    public = key.x509.public_key()
    assert isinstance(public, rsa.RSAPublicKey)  # noqa: S101 (no other kind is ever kept)
    return public


def is_ours(key: SigningKey) -> bool:
    """Whether the certificate belongs to a private key that opens with this server's secret.

    Somebody who can write the database can put another certificate into it, but not the key that goes with it.
    """
    try:
        return private_key(key).public_key() == public_key(key)
    except (KeyLocked, tokens.TokenRefused):
        return False


def private_key(key: SigningKey) -> rsa.RSAPrivateKey | tokens.TokenKey:
    """The private key, opened once a process, or its place in a token. Raises `KeyLocked`, `tokens.TokenRefused`."""
    return tokens.opened(key.private) if key.private.startswith(tokens.SCHEME) else _opened(key.private)


@lru_cache(maxsize=64)
def _opened(kept: str) -> rsa.RSAPrivateKey:
    try:
        # Its encryption shows that it is as it was kept: to try its primes once more would take a tenth of a second each time.
        private = _loaded(decrypted(kept, USE), None, is_whole=kept.startswith(MARK)) or next(
            filter(None, _of_earlier_release(kept)), None
        )
    except Locked:
        private = None
    if private is None:
        raise KeyLocked(
            "The organisation's signing key does not open with this MILEPOST_SECRET_KEY. Set the one it was made with, or name"
            " it in MILEPOST_SECRET_KEY_FALLBACKS."
        )
    return private


def _of_earlier_release(kept: str) -> Iterator[rsa.RSAPrivateKey | None]:
    """One that was kept as PKCS#8 with a password (AES-256-CBC), until it is put under another secret."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"milepost signing keys").derive(secret.encode())
        yield _loaded(kept, derived.hex().encode())


def _loaded(text: str, password: bytes | None, *, is_whole: bool = False) -> rsa.RSAPrivateKey | None:
    try:
        private = serialization.load_pem_private_key(text.encode(), password, unsafe_skip_rsa_key_validation=is_whole)
    except (ValueError, TypeError):  # another password, or one that is missing
        return None
    assert isinstance(private, rsa.RSAPrivateKey)  # noqa: S101 (no other kind is ever kept)
    return private


def kept_under_earlier_secret() -> list[SigningKey]:
    """The keys here, of all organisations, that are not encrypted under the secret of now, or as an earlier release did.

    Raises `KeyLocked` for one that opens with no secret.
    """
    return [key for key in _kept_here().order_by("pk") if _opened(key.private) and not is_current(key.private)]


def _kept_here() -> "QuerySet[SigningKey]":
    """Those whose private key is in the database, and neither in a token nor with a provider, nor gone."""
    elsewhere = Q(private__startswith=tokens.SCHEME) | Q(private__startswith=remote_keys.SCHEME) | Q(private="")
    return SigningKey.objects.exclude(elsewhere)


def refuse_other_secret() -> None:
    """Raise `KeyLocked` if there are signing keys here and none opens with the secrets of this server."""
    locked = None
    for kept in _kept_here().order_by("-pk").values_list("private", flat=True)[:LOOK]:
        try:
            _opened(kept)
        except KeyLocked as error:
            locked = error
        else:
            return
    if locked:
        raise KeyLocked(
            "No signing key in this database opens with this secret. Set MILEPOST_SECRET_KEY to the one that the keys were made"
            " under, or put the file secret-key that belongs to them back into the data folder: `milepost restore` does so."
        ) from locked


def keep_under_current_secret() -> int:
    """Encrypt every private key here anew under the secret of now, all or none; return how many it concerned."""
    with transaction.atomic():
        return a_part_at_a_time(_kept_here(), _renew)


def _renew(part: Sequence[SigningKey]) -> int:
    old = [key for key in part if _opened(key.private) and not is_current(key.private)]
    for key in old:
        key.private = _encrypted(_opened(key.private))
    SigningKey.objects.bulk_update(old, ["private"])
    return len(old)
