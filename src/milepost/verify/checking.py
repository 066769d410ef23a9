"""Any file that Milepost gave out: what it is, and who checks it."""

from collections.abc import Collection
from pathlib import Path

from .archive import MAX_PART
from .attestations import hold_attestation
from .badges import MAX_BADGE, PICTURE, check_badge
from .data_integrity import check_proven_badge
from .dossier import check_dossier
from .inclusion_proofs import check_proof
from .pdf_seals import check_pdf
from .published import Published
from .receipt import check_receipt, is_receipt
from .report import Broken, NotInstalled, Progress, Report, State
from .status_lists import Issuer
from .time_stamps import Authorities
from .tokens import TOKEN
from .trust import Trust
from .witnesses import NOBODY, Policy


def verify(
    path: Path,
    *,
    keys: Collection[str] = (),
    policy: "Policy | None" = None,
    progress: Progress = lambda _done, _total: None,
    published: Published | None = None,
    issuer: Issuer | None = None,
    earlier: State | None = None,
    annex: Path | None = None,
    authorities: Collection[bytes] = (),
) -> Report:
    """Check the file. Its key must have one of the fingerprints `keys`; without any, whose it is was not checked.

    The head of its journal must be cosigned as the policy says. `progress` is told of a dossier's sealed documents;
    `published` are the keys that the organisation publishes: without any that are named they are those which it may have, and
    nothing holds that one of them signed after it was revoked. `issuer` is what one has of who issued a badge, `earlier`
    what a dossier of before came to; `annex` is the list of an attestation, and `authorities` are certificates of those whose time
    stamps count, or of whoever certified them, in PEM or DER. Raises `Broken`, `NotInstalled` or `OSError`.
    """
    try:
        wanted = frozenset(key.lower().replace(":", "") for key in keys)
        wanted = published.accepted(wanted) if published else wanted
        trust = Trust(policy or Policy(), Authorities.of(authorities), earlier)
        report = _verify(path, wanted, trust, progress, issuer or Issuer())
        hold_attestation(path, annex, wanted, report)
        if published:
            published.hold(report)
        return report
    except (Broken, NotInstalled, OSError):
        raise
    except ImportError as error:
        raise NotInstalled(f"This can’t be checked: install {error.name} (pip install {error.name}).") from error
    except Exception as error:  # whatever a hostile file makes the libraries that read it raise
        raise Broken(f"The file is not as Milepost writes it ({type(error).__name__}: {error}).") from error


def _verify(path: Path, wanted: frozenset[str], trust: Trust, progress: Progress, issuer: Issuer) -> Report:
    with path.open("rb") as file:
        start = file.read(1024)
        file.seek(0)
        if start.startswith(b"PK"):
            if is_receipt(file):
                return check_receipt(file, wanted, trust, progress)
            return check_dossier(file, wanted, trust, progress)
        content = file.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise Broken("The file is larger than 512 MB, as no PDF, badge or proof of Milepost is.")
    is_badge = len(content) <= MAX_BADGE and b'"DataIntegrityProof"' in content
    if content.lstrip().startswith(b"{") and not is_badge:
        return check_proof(content, wanted, trust)
    if trust.policy.quorum != NOBODY:
        raise Broken(
            "Witnesses cosign journals: a dossier or the proof of a fact says whether they did, and nothing else."
        )
    if trust.authorities.trusted:
        raise Broken(
            "--tsa says whose time stamps count on journals: on those of a dossier, or of the proof of a fact."
        )
    if start.lstrip().startswith(b"%PDF"):
        return check_pdf(content, wanted)
    if PICTURE.match(content) or TOKEN.fullmatch(content.strip()):
        return check_badge(content, wanted, issuer)
    if is_badge:
        return check_proven_badge(content, wanted, issuer)
    raise Broken("This is neither a dossier or receipt (zip), nor a PDF, nor a badge, nor the proof of a fact (JSON).")
