"""Keys that a trust service provider holds, reached by the API of the Cloud Signature Consortium (version 2; version 1 by its address).

The operator says where the provider is and who asks (`MILEPOST_CSC_URL`, `MILEPOST_CSC_CLIENT_ID`, `MILEPOST_CSC_CLIENT_SECRET`, and
`MILEPOST_CSC_PIN` for a credential that wants one); a key is kept in the database as its address only: csc:<credentialID>.
Such a key seals papers (`milepost.documents.provider_seals`), never heads of the tree: each signature may cost, and the journal waits
for nobody. What the provider answers is held against the certificate before anything is kept. Decision 0060.
"""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import quote, unquote, urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings
from django.utils.translation import gettext as _

from milepost.core.breaker import Breaker
from milepost.core.fetching import NoAnswer, fetch
from milepost.core.refusals import Refused

SCHEME = "csc:"
PATIENCE = 20  # seconds for each answer, in the background
MOST = 256 * 1024  # bytes of an answer: a chain of certificates has some ten thousand
SHA256 = "2.16.840.1.101.3.4.2.1"
RSA, RSA_WITH_SHA256 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11"
SAID = (400, 401, 403, 404, 422, 429, 500, 503)  # statuses with which a provider says why it does not


class ProviderRefused(Refused):
    """The provider does not answer, does not sign, or what it answers is not what was asked; the message says which."""

    status = 503


def breaker() -> Breaker:
    """Until when the provider is left alone after it did not sign: a minute, up to an hour."""
    return Breaker("remote-signing-provider", first=60, longest=3600)


def address_of(credential: str) -> str:
    """How the key is kept."""
    return SCHEME + quote(credential, safe="")


class RemoteKey:
    """An RSA key with the provider: it signs there, with RSASSA-PKCS1-v1_5 and SHA-256."""

    def __init__(self, address: str) -> None:
        self.credential = unquote(address.removeprefix(SCHEME))
        if not settings.CSC_URL:
            raise ProviderRefused(
                "Set MILEPOST_CSC_URL to the provider’s address, like https://sign.example.org/csc/v2, and MILEPOST_CSC_CLIENT_ID."
            )
        self._is_first_version = settings.CSC_URL.rstrip("/").endswith("/v1")

    def certificates(self) -> list[x509.Certificate]:
        """The key’s certificate and those above it. Raises `ProviderRefused`, also for a credential that can’t sign by itself."""
        told = self._told()
        try:
            chain = [
                x509.load_der_x509_certificate(base64.b64decode(one, validate=True))
                for one in told["cert"]["certificates"]
            ]
            algorithms, status = told["key"]["algo"], told["key"].get("status", "enabled")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProviderRefused(_("What the provider says of the credential can’t be read.")) from error
        if not chain or status != "enabled":
            raise ProviderRefused(_("The provider holds no enabled key under this credential."))
        if not {RSA, RSA_WITH_SHA256} & set(algorithms):
            raise ProviderRefused(
                _("The key with the provider does not sign with RSA and SHA-256, which PDF/A seals need.")
            )
        return chain

    def sign(self, data: bytes, certificate: x509.Certificate) -> bytes:
        """The signature over `data`, which the certificate confirms. Raises `ProviderRefused`."""
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        token = self._token()
        wanted: dict[str, Any] = {"credentialID": self.credential, "numSignatures": 1}
        if self._is_first_version:
            wanted |= {"hash": [digest]} | ({"PIN": settings.CSC_PIN} if settings.CSC_PIN else {})
            what = {"hash": [digest], "hashAlgo": SHA256}
        else:
            wanted |= {"hashes": [digest], "hashAlgorithmOID": SHA256}
            wanted |= {"authData": [{"id": "PIN", "value": settings.CSC_PIN}]} if settings.CSC_PIN else {}
            what = {"hashes": [digest], "hashAlgorithmOID": SHA256}
        activation = self._ask("credentials/authorize", wanted, token).get("SAD", "")
        asked = {"credentialID": self.credential, "SAD": activation, "signAlgo": RSA_WITH_SHA256, **what}
        answer = self._ask("signatures/signHash", asked, token)
        try:
            [signature] = [base64.b64decode(one, validate=True) for one in answer["signatures"]]
            _public(certificate).verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except (KeyError, TypeError, ValueError) as error:
            raise ProviderRefused(_("What the provider answers is no signature.")) from error
        except InvalidSignature as error:
            raise ProviderRefused(_("The provider signed with another key than its certificate’s.")) from error
        return signature

    def _told(self) -> dict[str, Any]:
        wanted = {"credentialID": self.credential, "certificates": "chain", "certInfo": False, "authInfo": True}
        told = self._ask("credentials/info", wanted, self._token())
        mode = told.get("authMode") or (told.get("auth") or {}).get("mode", "implicit")
        if mode not in ("implicit", "explicit"):
            words = _(
                "The provider wants a person to agree to each signature of this credential (%(mode)s). Ask it for one that seals by itself."
            )
            raise ProviderRefused(words % {"mode": str(mode)[:40]})
        return told

    def _token(self) -> str:
        """A token of the provider for this client (RFC 6749, section 4.4)."""
        asked = {"grant_type": "client_credentials", "scope": "service"}
        pair = f"{quote(settings.CSC_CLIENT_ID, safe='')}:{quote(settings.CSC_CLIENT_SECRET, safe='')}".encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": "Basic " + base64.b64encode(pair).decode(),
        }
        address = settings.CSC_TOKEN_URL or settings.CSC_URL.rstrip("/") + "/oauth2/token"
        answer = _post(address, urlencode(asked).encode(), headers)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise ProviderRefused(_("The provider gives this client no token."))
        return token

    def _ask(self, method: str, wanted: dict[str, Any], token: str) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return _post(f"{settings.CSC_URL.rstrip('/')}/{method}", json.dumps(wanted).encode(), headers)


def _post(url: str, content: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """The JSON that comes back. Raises `ProviderRefused`, with the provider's own words where it has some."""
    try:
        answer = fetch(url, within=PATIENCE, at_most=MOST, content=content, headers=headers, errors=SAID)
    except NoAnswer as error:
        raise ProviderRefused(_("The provider does not answer: %(reason)s") % {"reason": error}) from error
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError):
        told = None
    if answer.status >= 400:
        said = str(told.get("error_description") or told.get("error") or "") if isinstance(told, dict) else ""
        words = _("The provider refuses (status %(status)s): %(reason)s")
        raise ProviderRefused(words % {"status": answer.status, "reason": said[:200] or "–"})
    if not isinstance(told, dict):
        raise ProviderRefused(_("What the provider answers can’t be read."))
    return told


def _public(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise ProviderRefused(
            _("The key with the provider does not sign with RSA and SHA-256, which PDF/A seals need.")
        )
    return public
