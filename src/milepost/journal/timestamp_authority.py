"""An RFC 3161 authority, as pyHanko asks it for stamps, over `core.fetching`: it can be neither endless nor large."""

import asyncio
import hashlib
from typing import Any

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from milepost.core.fetching import fetch

STAMP_BYTES = 16_000  # what is set aside for a token with its certificates; no larger one is taken
BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    StopIteration,
    OverflowError,
    SignatureValidationError,
)
MOST = 1024 * 1024  # bytes: a token with its authority's certificates has some ten thousand


class Authority(TimeStamper):
    """The authority at this address. `patience` is in seconds, for each answer."""

    def __init__(self, url: str, *, patience: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url
        self.patience = patience

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """What it answers (RFC 3161, section 3.4). Raises `NoAnswer`, `TimestampRequestError`."""
        return await asyncio.to_thread(self._ask, req.dump())

    def _ask(self, request: bytes) -> Any:
        answer = fetch(
            self.url,
            within=self.patience,
            at_most=MOST,
            content=request,
            headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
        )
        if answer.content_type != "application/timestamp-reply":
            raise TimestampRequestError(
                f"{self.url} answers with {answer.content_type or 'nothing'}, and no time stamp."
            )
        return _checked(answer.content, tsp.TimeStampReq.load(request))


def _checked(content: bytes, request: tsp.TimeStampReq) -> Any:
    """The answer, read as far as it is relied on: for this very digest, and asked for just now (RFC 3161, section 2.4.2).

    Raises `TimestampRequestError`: what is wrong with an answer must not come up later, within a signature.
    """
    try:
        response = tsp.TimeStampResp.load(content, strict=True)
        if response["status"]["status"].native not in ("granted", "granted_with_mods"):
            return response  # pyHanko tells the authority's own words
        signed = response["time_stamp_token"]["content"]
        told = signed["encap_content_info"]["content"].parsed
        is_ours = told["message_imprint"].native == request["message_imprint"].native
        is_ours = is_ours and told["nonce"].native == request["nonce"].native and told["gen_time"].native is not None
        is_signed = _is_signed(signed)
    except BROKEN as error:
        raise TimestampRequestError("The authority answers with something that is no time stamp.") from error
    if len(response["time_stamp_token"].dump()) > STAMP_BYTES:
        raise TimestampRequestError(f"The authority answers with a time stamp of more than {STAMP_BYTES} bytes.")
    if not is_ours:
        raise TimestampRequestError("The authority answers with a time stamp for something else.")
    if not is_signed:
        raise TimestampRequestError("The authority answers with a time stamp that its certificate does not vouch for.")
    return response


def _is_signed(signed: Any) -> bool:
    """Whether the certificate that comes with the stamp signed it, for this purpose alone, and was valid at its time (RFC 3161, section 2.3)."""
    [signer] = signed["signer_infos"]
    serial, content = signer["sid"].chosen["serial_number"].native, signed["encap_content_info"]["content"]
    certificate = next(one.chosen for one in signed["certificates"] if one.chosen.serial_number == serial)
    hashed = hashlib.new(signer["digest_algorithm"]["algorithm"].native, bytes(content)).digest()
    is_whole, is_by_it = validate_sig_integrity(
        signer, certificate, expected_content_type="tst_info", actual_digest=hashed
    )
    uses = certificate.extended_key_usage_value
    is_for_this = uses is not None and uses.native == ["time_stamping"]
    is_for_this = is_for_this and "extended_key_usage" in certificate.critical_extensions
    time = content.parsed["gen_time"].native
    return (
        bool(is_whole and is_by_it and is_for_this)
        and certificate.not_valid_before <= time <= certificate.not_valid_after
    )
