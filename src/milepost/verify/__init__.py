"""Check what Milepost gave out, without Milepost: a dossier (zip), a sealed PDF, a badge, or the proof of a fact (JSON).

    python -m milepost.verify FILE [--key FINGERPRINT]... [--earlier DOSSIER] [--witness VKEY]... [--policy FILE]
                            [--tsa CERTIFICATE]... [--published KEYS] [--issuer-keys JWKS] [--status-list LIST] [--online ADDRESS]

It knows nothing of the other rooms, and is given out as one file, verify.pyz, in which all of this lies as it stands here
(`milepost.anchors.publishing`): `python verify.pyz FILE`, offline. It needs Python 3.12, `cryptography`, for the seals of PDFs `pyHanko`,
and for badges that are JSON `PyLD`. Exit status: 0 when everything in the file holds and its key is
one that was told, 4 when it holds and is a demonstration, whoever’s key it is, 3 when it is consistent with itself and nobody told whose key it must be, 1 when it does not hold.

A dossier holds files, a manifest with their fingerprints (SHA-256), the manifest's signature, facts of the journal,
and what it takes to come from these facts to the head of the journal's Merkle tree (RFC 9162), which is signed as well.
So nothing in it can be changed, left out or added without being found, unless everything is signed anew with another
key. Against that helps `--key`, with the fingerprint that the organisation publishes, or `--earlier`, with a dossier
that one has had from it before: the key must be the one of that, or one that it handed over to.

Who holds the key could still keep two journals, and show each to other people. Against that help witnesses: others who
sign a head only if it holds everything that they have signed of this journal before. `--witness` names the key of one
that must have signed this head; `--policy` is a file with several, and how many of them (C2SP tlog-policy).

When something happened, and when it was recorded, the organisation says. A time-stamping authority says by when a head was there; `--tsa`
names the certificate of one whose stamps count, or of the root that certified it. From the stamped heads in it, a dossier shows how early each
of its facts was sealed.

`checking` is where a file comes in, `dossier` what the check of one goes through; which of the modules beside them knows what, their
first lines say.
"""

from .checking import verify
from .command import main
from .report import Broken, Report
from .witnesses import Policy

__all__ = ["Broken", "Policy", "Report", "main", "verify"]
