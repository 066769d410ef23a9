"""What issuers of certificates say of those that they revoked, fetched as everything else is: within seconds and bytes, led nowhere.

A certificate names the address at which its issuer is asked (CRL, OCSP), so it is not the operator who does: an issuer, or whoever took
one over, names any. pyHanko's own fetchers follow redirects and read as much as comes.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from pyhanko_certvalidator.fetchers.api import FetcherBackend, Fetchers, FetchLimits
from pyhanko_certvalidator.fetchers.common_utils import FetchBudget
from pyhanko_certvalidator.fetchers.requests_fetchers.cert_fetch_client import RequestsCertificateFetcher
from pyhanko_certvalidator.fetchers.requests_fetchers.crl_client import RequestsCRLFetcher
from pyhanko_certvalidator.fetchers.requests_fetchers.ocsp_client import RequestsOCSPFetcher

from milepost.core.fetching import Answer, NoAnswer, fetch

PATIENCE = 10.0  # seconds for each
MOST = 16 * 1024 * 1024  # bytes: the longest lists of large authorities have some ten


class _Bounded:
    """Asks through `core.fetching`; no answer is what these fetchers take for a list that can't be read."""

    def _get(self, url: str, *, acceptable_content_types: Iterable[str]) -> "Awaitable[_Response]":
        return asyncio.to_thread(_ask, url, accepts=acceptable_content_types)

    def _post(
        self, url: str, data: bytes, *, content_type: str, acceptable_content_types: Iterable[str]
    ) -> "Awaitable[_Response]":
        return asyncio.to_thread(_ask, url, accepts=acceptable_content_types, data=data, content_type=content_type)


class _Response:
    """As much of an answer of `requests` as these fetchers look at."""

    def __init__(self, answer: Answer) -> None:
        self.content = answer.content
        self.headers = {"Content-Type": answer.content_type}


def _ask(url: str, *, accepts: Iterable[str], data: bytes | None = None, content_type: str = "") -> _Response:
    headers = {"Accept": ",".join(accepts)} | ({"Content-Type": content_type} if content_type else {})
    if not url.startswith(("http://", "https://")):
        raise ValueError("Only HTTP is spoken.")
    try:
        return _Response(fetch(url, within=PATIENCE, at_most=MOST, content=data, headers=headers))
    except NoAnswer as error:
        raise ValueError(str(error)) from None


class _Lists(_Bounded, RequestsCRLFetcher):  # type: ignore[misc]
    """CRLs."""


class _Statuses(_Bounded, RequestsOCSPFetcher):  # type: ignore[misc]
    """OCSP."""


class _Certificates(_Bounded, RequestsCertificateFetcher):  # type: ignore[misc]
    """Certificates of issuers."""


class BoundedFetchers(FetcherBackend):
    """What a `ValidationContext` asks with."""

    def get_fetchers(self) -> Fetchers:
        """New ones, with as many questions as pyHanko allows."""
        budget = FetchBudget(FetchLimits())
        return Fetchers(
            ocsp_fetcher=_Statuses(budget=budget),
            crl_fetcher=_Lists(budget=budget),  # type: ignore[no-untyped-call]
            cert_fetcher=_Certificates(budget=budget),
        )

    async def close(self) -> Any:
        """Nothing is held."""
