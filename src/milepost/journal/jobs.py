"""What the background does for the journal: facts told to those who follow them, seals, and the time stamps on them."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import NotNow, job, unfinished
from milepost.journal import cosigning, folding, sealing, second_memory, subscriptions, timestamping


@job(queue="facts")
def follow_everywhere() -> None:
    """Fold what was recorded, and find the subscriptions for which it is news."""
    folding.fold_all()
    busy = {(call["organisation_id"], call["name"]) for call in unfinished(tell)}
    tell.enqueue_many(subscriptions.having_news(but=busy))


@job(queue="facts", title=_("Do what follows from new facts"), attempts=None)
def tell(organisation_id: int, name: str) -> None:
    """Tell a subscription what is new in the organisation."""
    subscriptions.tell(name, organisation_id)


@job(queue="sealing", title=_("Seal new facts"), attempts=None)
def seal(organisation_id: int) -> None:
    """Seal what waits in the organisation; whoever watches over it is told where it can't be what it was."""
    sealing.seal(organisation_id)
    try:
        second_memory.refuse_other_past(organisation_id)
    except second_memory.OtherPast:
        hold_against_memory.enqueue(organisation_id)  # by itself: what goes on being refused must not put off a seal
    try:
        second_memory.refuse_short(organisation_id)
    except second_memory.ShortMemory:
        find_forgotten.enqueue(organisation_id)


@job(queue="sealing", title=_("Hold the journal against the seals that this machine remembers"), attempts=None)
def hold_against_memory(organisation_id: int) -> None:
    """Refused for as long as the database says something else."""
    second_memory.refuse_other_past(organisation_id)


@job(queue="sealing", title=_("Look whether this machine remembers all seals of the journal"), attempts=None)
def find_forgotten(organisation_id: int) -> None:
    """Refused for as long as it does not."""
    second_memory.refuse_short(organisation_id)


@job(queue="sealing")
def seal_everywhere() -> None:
    """Find the organisations in which facts wait."""
    seal.enqueue_many((number,) for number in sealing.unsealed())


@job(queue="sealing", title=_("Make the index of an earlier journal"), attempts=None)
def catch_up(organisation_id: int) -> None:
    """Some batches at a time, so that seals don't wait."""
    folding.catch_up(organisation_id, batches=5)


@job(queue="sealing")
def catch_up_everywhere() -> None:
    """Find the journals that are older than their index."""
    catch_up.enqueue_many((number,) for number in folding.without_index())


@job(queue="outside", title=_("Have the newest seal stamped"), attempts=None)
def stamp(organisation_id: int) -> None:
    """Have the authority stamp the organisation's newest seal."""
    if timestamping.is_resting():
        raise NotNow(settings.TIMESTAMP_REST)
    timestamping.stamp_newest(organisation_id)


@job(queue="outside")
def stamp_everywhere() -> None:
    """Find the seals that have no stamp, where an authority is configured."""
    if timestamping.is_owed():
        stamp.enqueue_many((number,) for number in timestamping.unstamped())


@job(queue="outside", title=_("Have a witness sign the newest seal, too"), attempts=None)
def cosign(organisation_id: int, witness: str) -> None:
    """Have the witness with this key cosign the organisation's newest checkpoint."""
    if (known := cosigning.witness_of(witness)) is None:
        return
    if pause := cosigning.trouble_of(known).pause:
        raise NotNow(pause)
    cosigning.cosign_newest(organisation_id, known)


@job(queue="outside")
def cosign_everywhere() -> None:
    """Find the newest checkpoints that a witness has not cosigned."""
    for witness in cosigning.witnesses():
        owed = cosigning.uncosigned(witness).values_list("seal__organisation_id", flat=True)
        cosign.enqueue_many((number, str(witness.key)) for number in owed)
