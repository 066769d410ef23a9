"""What the background does for those who keep seals."""

from django.utils.translation import gettext_lazy as _

from milepost.anchors import keepers
from milepost.core.jobs import job


@job(queue="mail")
def send_seals_everywhere() -> None:
    """Find the organisations whose newest seal has not been sent today."""
    send_seal.enqueue_many((number,) for number in keepers.due())


@job(queue="mail", title=_("Send the newest seal to those who keep it"))
def send_seal(organisation_id: int) -> None:
    """Have it sent, unless that was done today."""
    keepers.send(organisation_id)


@job(queue="outside", title=_("Send the newest seal to a program that keeps it"))
def post_seal(organisation_id: int, address: str, number: int, day: str) -> None:
    """POST it to the address that has this mark."""
    keepers.post(organisation_id, address, number, day)
