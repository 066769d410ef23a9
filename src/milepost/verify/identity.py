"""Who the organisation is: as the newest fact of it under the seal says, and nothing else may."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from .report import Broken, Report

TYPE = "identity"  # of the object of these facts
_PAPERS = ("registration_number", "postal_address")  # told in the answer beside the name


def identity_of(organisation: str) -> str:
    """What facts are about that say who the organisation of this uid is: UUID of version 5 (RFC 9562), of its uid and `identity`."""
    return str(uuid5(UUID(organisation), TYPE))


class Identities:
    """Facts that say who organisations are, by what they are about; of each the newest."""

    def __init__(self) -> None:
        self._newest: dict[str, Mapping[str, Any]] = {}

    def hear(self, statement: Mapping[str, Any]) -> None:
        """Take the next fact."""
        if statement["object"]["type"] == TYPE:
            self._newest[statement["object"]["id"]] = statement.get("result") or {}

    def hold(self, told: Mapping[str, Any], report: Report) -> None:
        """Raise `Broken` unless what is told of the organisation, with its uid as `id`, is what its newest fact says."""
        newest = self._newest.get(identity_of(told["id"]))
        if newest is None:
            raise Broken("No fact in the journal says who the organisation is.")
        for name in sorted((newest.keys() | told.keys()) - {"id"}):
            if told.get(name) != newest.get(name):
                raise Broken(
                    f"manifest.json says “{told.get(name)}” for “{name}” of the organisation, and the newest fact of it “{newest.get(name)}”."
                )
        report.holds.append(f"The organisation is who its newest fact says: {words_of(newest)}.")


def words_of(stated: Mapping[str, Any]) -> str:
    """What such a fact says, for whoever reads the answer."""
    return ", ".join([f"“{stated['name']}”", *filter(None, (stated.get(name) for name in _PAPERS))])
