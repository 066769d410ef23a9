"""Keys that never leave their token (a smart card, an HSM), reached by PKCS#11 (OASIS, version 2.40 and later).

The operator says which library speaks to the token (`MILEPOST_PKCS11_MODULE`) and its PIN (`MILEPOST_PKCS11_PIN`); a
key is kept in the database as its address only: pkcs11:token=…;object=… (RFC 7512).
"""

from functools import lru_cache
from threading import Lock
from typing import Any
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from milepost.core.refusals import Refused

SCHEME = "pkcs11:"


class TokenRefused(Refused):
    """The token can't be reached, or holds no such key; the message says what to look at."""

    status = 503


def address_of(token: str, label: str) -> str:
    """How the key is kept."""
    return f"{SCHEME}token={quote(token)};object={quote(label)}"


class TokenKey:
    """An RSA key in a token: it signs there, with RSASSA-PKCS1-v1_5 and SHA-256."""

    def __init__(self, address: str) -> None:
        parts = dict(part.split("=", 1) for part in address.removeprefix(SCHEME).split(";"))
        self._token, self._label = unquote(parts["token"]), unquote(parts["object"])
        self._session, self._lock = _session(settings.PKCS11_MODULE, settings.PKCS11_PIN, self._token)

    def _object(self, kind: str) -> Any:
        import pkcs11

        try:
            return self._session.get_key(object_class=pkcs11.ObjectClass[kind], label=self._label)
        except pkcs11.PKCS11Error as error:
            raise TokenRefused(
                f"The token {self._token} holds no key labelled {self._label} ({type(error).__name__})."
            ) from error

    def sign(self, data: bytes, *_of_software: object) -> bytes:
        """The signature over `data`. Raises `TokenRefused`."""
        import pkcs11

        with self._lock:
            try:
                signature: bytes = self._object("PRIVATE_KEY").sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)
            except pkcs11.PKCS11Error as error:
                raise TokenRefused(f"The token {self._token} did not sign ({type(error).__name__}).") from error
        return signature

    def public_key(self) -> rsa.RSAPublicKey:
        """The public half, as the token tells it. Raises `TokenRefused`."""
        import pkcs11

        with self._lock:
            public = self._object("PUBLIC_KEY")
            numbers = [int.from_bytes(public[pkcs11.Attribute[name]]) for name in ("PUBLIC_EXPONENT", "MODULUS")]
        return rsa.RSAPublicNumbers(*numbers).public_key()

    def certificate(self) -> x509.Certificate:
        """The certificate that lies beside the key. Raises `TokenRefused`."""
        import pkcs11

        wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE, pkcs11.Attribute.LABEL: self._label}
        with self._lock:
            certificate = next(iter(self._session.get_objects(wanted)), None)
        if certificate is None:
            raise TokenRefused(f"The token {self._token} holds no certificate labelled {self._label}.")
        return x509.load_der_x509_certificate(certificate[pkcs11.Attribute.VALUE])


@lru_cache(maxsize=16)
def opened(address: str) -> TokenKey:
    """The key, reached once a process."""
    return TokenKey(address)


@lru_cache(maxsize=16)
def _session(module: str, pin: str, token: str) -> tuple[Any, Lock]:
    """The one session of this process with the token (a token lets a process in once), and the lock around it."""
    try:
        import pkcs11
    except ImportError as error:
        raise TokenRefused("Keys in tokens need python-pkcs11: pip install 'milepost[pkcs11]'.") from error
    if not module:
        raise TokenRefused(
            "Set MILEPOST_PKCS11_MODULE to the library that speaks to the token, and MILEPOST_PKCS11_PIN."
        )
    try:
        return pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin or None), Lock()
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise TokenRefused(
            f"The token {token} can’t be opened with {module} ({type(error).__name__}: {error})."
        ) from error
