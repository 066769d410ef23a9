"""An RFC 3161 authority, as pyHanko asks it for stamps, over `core.fetching`: it can be neither endless nor large."""

import asyncio
from typing import Any

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

from milepost.core.fetching import fetch

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
        return tsp.TimeStampResp.load(answer.content)
