"""Having the newest checkpoint cosigned by witnesses (C2SP tlog-witness 1.0), where some are configured (`MILEPOST_WITNESSES`).

A witness signs a head only if it holds everything that it signed of this log before, so nobody is shown another journal
unseen. It never holds up a seal: one that hangs, answers with something else or does not sign is left alone for growing
pauses, and told of by `/readyz`.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from milepost.core import clock
from milepost.core.breaker import Breaker
from milepost.core.fetching import Answer, NoAnswer, fetch
from milepost.journal import checkpoints, merkle, tiles
from milepost.journal.models import Cosignature, LogKey, Seal, SealCheckpoint
from milepost.journal.notes import NotANote, Signature, VerifierKey, in_base64, number_in, signatures_in

PATIENCE = 10.0  # seconds for an answer, in the background
PATIENCE_AT_HAND = 4.0  # seconds, while a dossier waits
MOST = 64 * 1024  # bytes of an answer: a line of Ed25519 has 200, one of ML-DSA 3,500
CLOCKS_DIFFER = timedelta(minutes=10)
SIZE = "text/x.tlog.size"


class NotCosigned(ConnectionError):
    """A witness does not answer, or with something that is no cosignature; the message says which witness, and what."""


@dataclass(frozen=True)
class Witness:
    """Somebody who cosigns: their key, and where they are asked."""

    key: VerifierKey
    url: str


def witnesses() -> list[Witness]:
    """Those whom the operator configured."""
    return [Witness(VerifierKey.parse(key), url) for key, url in settings.WITNESSES]


def witness_of(key: str) -> Witness | None:
    """The one with this key, unless it is configured no more."""
    return next((witness for witness in witnesses() if str(witness.key) == key), None)


def is_owed() -> bool:
    """Whether a witness that is not in trouble owes a newest checkpoint its cosignature."""
    return any(not trouble_of(witness).pause and uncosigned(witness).exists() for witness in witnesses())


def uncosigned(witness: Witness) -> QuerySet[SealCheckpoint]:
    """The newest checkpoints, one an organisation, that this witness has not cosigned."""
    newest = Seal.objects.filter(organisation_id=OuterRef("organisation_id")).order_by("-number").values("pk")[:1]
    logs = LogKey.objects.filter(is_current=True).annotate(newest=Subquery(newest))
    cosigned = Cosignature.objects.filter(checkpoint=OuterRef("pk"), witness=str(witness.key))
    return SealCheckpoint.objects.filter(~Exists(cosigned), pk__in=logs.values("newest"))


def cosign_newest(organisation_id: int, witness: Witness) -> Cosignature | None:
    """Have the witness cosign the organisation's newest checkpoint; None where it has done so. Raises `NotCosigned`."""
    checkpoint = checkpoints.newest(organisation_id)
    return _cosigned(checkpoint, witness, PATIENCE) if checkpoint else None


def cosign_at_hand(seal: Seal) -> None:
    """Have all witnesses cosign this seal's checkpoint, while something waits that is to carry their cosignatures.

    Whoever is in trouble is left out, and whoever has seen a newer one by now does not sign this one any more.
    """
    checkpoint = checkpoints.of_seal(seal)
    for witness in witnesses() if checkpoint else []:
        if checkpoint and not trouble_of(witness).pause:
            with suppress(NotCosigned):  # noted, and shown to whoever runs this
                _cosigned(checkpoint, witness, PATIENCE_AT_HAND)


def _cosigned(checkpoint: SealCheckpoint, witness: Witness, patience: float) -> Cosignature | None:
    if Cosignature.objects.filter(checkpoint=checkpoint, witness=str(witness.key)).exists():
        return None
    trouble = trouble_of(witness)
    try:
        signature = _asked(checkpoint, witness, patience)
    except NotCosigned as error:
        trouble.failed(str(error))
        raise
    trouble.succeeded()
    if signature is None:
        return None
    said = {"content": signature.content, "time": datetime.fromtimestamp(signature.time, UTC)}
    made, _is_new = Cosignature.objects.get_or_create(checkpoint=checkpoint, witness=str(witness.key), defaults=said)
    return made


def _asked(checkpoint: SealCheckpoint, witness: Witness, patience: float) -> Signature | None:
    """Its signature, from the size on that it has seen: what we know of, or what it says. None where it has seen a newer one of ours."""
    size = last_size(checkpoint.seal.organisation_id, witness, checkpoint.key.name)
    size = size if size <= checkpoint.seal.size else 0  # it has seen more, and says how much
    for is_last in (False, True):
        answer = _answer(checkpoint, witness, size, patience)
        if answer.status == 200:
            return _signature(answer, checkpoint, witness)
        if answer.status == 422:
            raise NotCosigned(
                f"{witness.key.name} says that this journal does not hold what it saw before: there are two, or entries were changed"
            )
        size = _told_size(answer, witness)
        if size > checkpoint.seal.size:
            newest = checkpoints.newest(checkpoint.seal.organisation_id)
            if newest and newest.seal.size >= size:
                return None
            raise NotCosigned(
                f"{witness.key.name} has seen {size} entries of this journal, and it has {checkpoint.seal.size}: entries were taken away"
            )
        if is_last:
            break
    raise NotCosigned(f"{witness.key.name} says another size each time that it is asked")


def last_size(organisation_id: int, witness: Witness, origin: str = "") -> int:
    """How large the tree was that the witness cosigned last, under this name of the log if one is given; 0 where it never did."""
    of_log = {"checkpoint__key__name": origin} if origin else {}
    known = Cosignature.objects.filter(
        witness=str(witness.key), checkpoint__seal__organisation_id=organisation_id, **of_log
    )
    return known.order_by("-checkpoint__seal__size").values_list("checkpoint__seal__size", flat=True).first() or 0


def _answer(checkpoint: SealCheckpoint, witness: Witness, old: int, patience: float) -> Answer:
    seal = checkpoint.seal
    nodes = tiles.StoredNodes(seal.organisation_id)
    proof = merkle.consistency_proof(old, seal.size, nodes) if old else []
    lines = [f"old {old}\n", *(f"{in_base64(step)}\n" for step in proof), "\n", str(checkpoints.note_of(checkpoint))]
    try:
        return fetch(
            f"{witness.url}/add-checkpoint",
            within=patience,
            at_most=MOST,
            content="".join(lines).encode(),
            headers={"Content-Type": "text/plain; charset=utf-8"},
            errors=(409, 422),
        )
    except NoAnswer as error:
        raise NotCosigned(str(error)) from error


def _signature(answer: Answer, checkpoint: SealCheckpoint, witness: Witness) -> Signature:
    """The witness's own line among those that came; others are ignored, as the specification wants."""
    text = checkpoints.note_of(checkpoint).text
    try:
        found = [one for one in signatures_in(answer.content.decode()) if one.is_by(witness.key)]
    except (NotANote, UnicodeDecodeError) as error:
        raise NotCosigned(f"{witness.key.name} answers with something that is no signature") from error
    if not found or not all(witness.key.has_signed(text, one) for one in found):
        raise NotCosigned(f"{witness.key.name} answers with no signature by its key over this checkpoint")
    signature = found[0]
    earliest, latest = checkpoint.seal.time - CLOCKS_DIFFER, clock.now() + CLOCKS_DIFFER
    if not earliest.timestamp() <= signature.time <= latest.timestamp():
        raise NotCosigned(f"{witness.key.name} signs with another time than now: a clock is wrong, there or here")
    return signature


def _told_size(answer: Answer, witness: Witness) -> int:
    try:
        if answer.content_type != SIZE or not answer.content.endswith(b"\n"):
            raise NotANote
        return number_in(answer.content[:-1].decode())
    except (NotANote, UnicodeDecodeError) as error:
        raise NotCosigned(f"{witness.key.name} refuses and does not say how far it has seen this journal") from error


def trouble_of(witness: Witness) -> Breaker:
    """What all processes know of a witness that did not cosign: what it was, and until when it is left alone."""
    return Breaker(f"witness-in-trouble:{witness.key.id.hex()}:{witness.key.name}", first=60, longest=3600)


def waiting_since(witness: Witness, *, among: int) -> Iterator[datetime]:
    """When the first checkpoint was made that the witness has not covered, of each organisation; at most so many of them."""
    for checkpoint in uncosigned(witness).select_related("seal", "key")[:among]:
        size = last_size(checkpoint.seal.organisation_id, witness, checkpoint.key.name)
        first = SealCheckpoint.objects.filter(
            seal__organisation_id=checkpoint.seal.organisation_id, key__name=checkpoint.key.name, seal__size__gt=size
        )
        yield from first.order_by("seal__number").values_list("seal__time", flat=True)[:1]
