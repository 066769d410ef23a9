"""What a verifier must say of each vector, and why. `vectors.json` and the README beside it are written from this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FITS, HOLDS, BROKEN, DEMONSTRATION = 3, 0, 1, 4
KEY = "organisation"
NEXT = "next"
COVERS = "when the cover says that it was sealed"
TSA = "whose authority it is that stamped"
PROOFS = "RDF canonicalisation (RDFC-1.0), without which the proof in a badge can’t be checked"


@dataclass(frozen=True)
class Vector:
    """A file, with what is told to the verifier beside it, and the verdict: exit status, and for a broken one words of the reason."""

    file: str
    status: int
    why: str
    words: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)  # key, witness: names; policy, earlier, issuer_keys: files
    less: str = ""  # what the small verifier does not check, so that it finds nothing


def holds(file: str, why: str, **options: Any) -> Vector:
    less = PROOFS if file.endswith("badge.json") else ""
    return Vector(
        file,
        HOLDS if {"key", "earlier", "issuer_keys", "published"} & options.keys() else FITS,
        why,
        options=options,
        less=less,
    )


def broken(file: str, words: str, why: str, *, less: str = "", **options: Any) -> Vector:
    return Vector(file, BROKEN, why, words, options, less)


VECTORS = [
    # --- What holds ---
    holds("plain.zip", "A course and a session, of two people; nobody told whose key it must be."),
    holds("plain.zip", "The same, by the key that was told.", key=[KEY]),
    holds("plain.zip", "The key of an earlier dossier of the same organisation.", earlier="nothing-yet.zip"),
    holds("one-person.zip", "Of one person: what is theirs is all there, and nothing else is claimed."),
    holds("nothing-yet.zip", "An action without course, session or people."),
    holds("erased.zip", "Two facts were erased, and a fact says so."),
    holds(
        "handed-over.zip",
        "Signed with the second key, which the first handed over to, as whoever knows the first finds.",
        key=[KEY],
    ),
    holds("closed.zip", "With a sheet, a certificate, and both keys: the journal is sealed by the second.", key=[NEXT]),
    holds("corrected.zip", "A signature that came late, a correction that takes it, and somebody who left early."),
    holds("attestation.pdf", "How many were certified on a day, by an organisation whose newest fact says who it is."),
    holds("attestation.pdf", "The same, by the key that was told.", key=[NEXT]),
    holds("connections.zip", "With the connection record of one person, which tells what the facts before it come to."),
    holds("doubted.zip", "Two signed on one phone, and somebody decided that one of them was not there."),
    holds("stamped.zip", "The seal carries a time stamp."),
    holds("stamped.zip", "By an authority that the reader named, and the key.", tsa="authority.pem", key=[KEY]),
    holds("stamped-twice.zip", "An earlier head was stamped, too, and tells how early its facts were sealed."),
    holds("witnessed.zip", "Two witnesses cosigned, and nobody asked for them."),
    holds("witnessed.zip", "Both witnesses were asked for, and the key.", witness=["w1", "w2"], key=[KEY]),
    holds("witnessed.zip", "Two of three, as a policy says.", policy="two-of-three.policy"),
    holds(
        "receipt.zip",
        "What one person learnt in a course, with certificate and badge, as they take it along.",
        key=[NEXT],
    ),
    holds("fact.json", "The proof that one fact is in the journal."),
    holds("stamped-fact.json", "The same under a stamped seal."),
    holds("erased-fact.json", "The proof of a fact whose words were erased."),
    Vector("demonstration.zip", DEMONSTRATION, "A demonstration: nothing of it took place."),
    Vector("demonstration-fact.json", DEMONSTRATION, "The proof of a fact of a demonstration."),
    broken(
        "demonstration-not-said-by-the-seal.zip",
        "the seal over them does not",
        "By whoever holds the key: a seal over facts of a demonstration that does not say so.",
    ),
    broken(
        "demonstration-taken-out.zip",
        "are not those that were sealed",
        "By whoever holds the key: the mark of a demonstration was taken out of each fact.",
    ),
    holds("certificate.pdf", "A sealed PDF.", key=[NEXT]),
    holds("badge.svg", "A badge as a token in a picture.", key=[NEXT]),
    holds(
        "badge.json",
        "A badge with its proof within, by a key that the issuer’s published keys endorse.",
        key=[NEXT],
        issuer_keys="jwks.json",
    ),
    holds("plain.zip", "A dossier of before its key was revoked, as the published keys tell.", published="keys.json"),
    holds("handed-over.zip", "A key that is among those which the organisation publishes.", published="keys.json"),
    holds("erased.zip", "The journal of an earlier dossier goes on, with an erasure.", earlier="plain.zip"),
    # --- Whose key it is ---
    broken(
        "plain.zip", "was revoked", "Signed with a key after it was revoked.", published="keys-revoked-earlier.json"
    ),
    # --- When it was made ---
    broken(
        "dated-before-its-seal.zip", "before its journal was sealed", "Said to be made before its journal was sealed."
    ),
    broken(
        "dated-otherwise.zip",
        "another time for “made_at”",
        "Said to be made two days after its cover was sealed.",
        less=COVERS,
    ),
    # --- Who the organisation is ---
    broken(
        "organisation-otherwise.zip",
        "and the newest fact of it “Aldermoor”",
        "By the key’s holder: the manifest has another name of the organisation.",
    ),
    broken(
        "organisation-as-it-was.zip",
        "1 fact about “who the organisation is” is missing",
        "By the key’s holder: the fact that gave it a registration number is left out, and so is the number.",
    ),
    # --- What there was before ---
    broken("plain.zip", "give the older one as --earlier", "The earlier dossier is later.", earlier="erased.zip"),
    broken(
        "another-journal.zip",
        "There are two journals",
        "By the key’s holder: a journal with other facts than the one of the earlier dossier, as many.",
        earlier="erased.zip",
    ),
    holds("another-journal.zip", "The same alone: nothing in it says that there is another.", key=[KEY]),
    broken(
        "attestation-of-another-name.pdf",
        "and the newest fact of it",
        "An attestation names another organisation than the fact in it.",
    ),
    broken(
        "attestation-as-it-was.pdf",
        "is missing",
        "An attestation tells who the organisation was by an earlier fact, and leaves the newer one out.",
    ),
    broken(
        "connections-otherwise.zip",
        "tells of other sittings than the facts before it",
        "A connection record has somebody stay an hour longer than the facts tell.",
    ),
    broken(
        "connections-carry-otherwise.zip",
        "carries other sittings than its fact tells of",
        "The paper of a connection record carries no sittings, and its fact tells of some.",
    ),
    broken("plain.zip", "which is none that you expect", "By another key than the one that was told.", key=[NEXT]),
    broken("closed.zip", "which is none that you expect", "A key of somebody else was told.", key=["stranger"]),
    broken(
        "fact.json",
        "which is none that you expect",
        "The proof is by another key than the one that was told.",
        key=[NEXT],
    ),
    broken(
        "key-not-handed-over.zip",
        "did not hand over to",
        "A stranger’s dossier says that the organisation’s key handed over to theirs.",
        key=[KEY],
    ),
    broken("key-added.zip", "is a key that did not hand over", "A key lies there that belongs to no hand-over."),
    broken("key-missing.zip", "is missing", "The key that handed over is not there."),
    broken("key-with-words.zip", "is not as Milepost writes it", "Words stand behind the certificate of the key."),
    broken("key-of-nobody.zip", "which did not hand over", "The list of keys tells of one that handed over to none."),
    broken(
        "key-signed-by-nobody.zip",
        "does not say by which key",
        "A signature stands over the first key, and nobody is said to have made it.",
    ),
    # --- The zip file ---
    broken(
        "zip-name-twice.zip",
        "is in the zip file twice",
        "Two files of one name: which one is shown depends on the program.",
    ),
    broken(
        "zip-name-that-leads-out.zip",
        "leads out of the dossier",
        "A name leads out of the folder into which it is unpacked.",
    ),
    broken("zip-folder-added.zip", "is a folder that was added", "A folder above no file."),
    broken("zip-link.zip", "is a link to another file", "A file is a symbolic link."),
    broken(
        "zip-second-name.zip", "carries a comment or a second name", "A file has a second name (extra field 0x7075)."
    ),
    broken("zip-comment.zip", "carries a comment, or something after its end", "The zip file has a comment."),
    broken(
        "zip-comment-of-nothing.zip",
        "carries a comment, or something after its end",
        "The zip file says that it has a comment, and ends.",
    ),
    broken("zip-bytes-after.zip", "something after its end", "A byte stands after the end."),
    broken(
        "zip-bytes-before.zip", "holds more than its list of files tells", "Four bytes stand before the first file."
    ),
    broken(
        "zip-bytes-between.zip",
        "holds more than its list of files tells",
        "A file stands between two others that the central directory does not tell of.",
    ),
    broken("zip-told-in-two-ways.zip", "in two ways", "Local header and central directory tell two sizes of one file."),
    # --- JSON ---
    broken(
        "json-says-twice.zip", "is said twice", "A record says one name twice: programs take the first or the last."
    ),
    broken("json-with-a-mark.zip", "", "A record begins with a byte order mark."),
    broken("json-in-another-code.zip", "", "A record is UTF-16."),
    broken("json-infinite.zip", "", "A number is larger than any."),
    broken("fact-says-twice.zip", "is said twice", "By an administrator: a sealed fact says one name twice."),
    broken("fact-not-canonical.zip", "canonical", "By an administrator: a sealed fact is not in canonical form."),
    # --- Manifest and files ---
    broken(
        "format-of-tomorrow.zip",
        "is of the format “milepost-dossier/3”",
        "Another version of the format is refused in words, whatever else is right.",
    ),
    broken("manifest-changed.zip", "manifest.json was changed", "By an outsider: the title in the manifest."),
    broken(
        "manifest-signed-by-another.zip",
        "manifest.json was changed",
        "By an outsider: signed with a key of their own, under the fingerprint of the organisation’s.",
    ),
    broken(
        "file-changed.zip",
        "records/attendance.json was changed",
        "By an outsider: who was absent is said to have signed.",
    ),
    broken("file-left-out.zip", "records/progress.csv is missing", "By an outsider: a file is left out."),
    broken("file-added.zip", "was added", "By an outsider: a file is added."),
    broken(
        "file-nowhere.zip",
        "is nothing that Milepost puts into a dossier",
        "By the key’s holder: a file at a place that the format does not know.",
    ),
    broken(
        "record-of-nothing.zip",
        "is a record of which the facts know nothing",
        "By the key’s holder: a record that follows from no fact.",
    ),
    # --- Facts ---
    broken(
        "fact-changed.zip",
        "are not those that were sealed",
        "By the key’s holder: a signature is said to be another’s.",
    ),
    broken(
        "fact-left-out.zip",
        "are not those that were sealed",
        "By the key’s holder: the fact of an absence is left out.",
    ),
    broken(
        "fact-left-out-and-proven-anew.zip",
        "1 fact about “On the ladder” is missing",
        "The same, with a proof that leads from the others to the head: the index misses it.",
    ),
    broken("fact-added.zip", "are not those that were sealed", "By the key’s holder: a fact stands there once more."),
    broken(
        "facts-in-another-order.zip",
        "are not those that were sealed",
        "By the key’s holder: two facts have changed places.",
    ),
    broken(
        "facts-renumbered.zip",
        "are not those that were sealed",
        "By the key’s holder: two facts have changed their numbers.",
    ),
    broken(
        "fact-hidden-as-erased.zip",
        "no erasure in the dossier names it",
        "By the key’s holder: a fact is said to have been erased.",
    ),
    broken(
        "erasure-left-out.zip",
        "no erasure in the dossier names it",
        "By the key’s holder: the fact that says what was erased is left out.",
    ),
    broken(
        "proof-of-another-tree.zip",
        "belongs to another state of the journal",
        "By the key’s holder: the proof is for a tree of another size.",
    ),
    broken(
        "proof-with-a-node-more.zip",
        "are not those that were sealed",
        "By the key’s holder: the proof has a node too many.",
    ),
    broken(
        "index-counts-fewer.zip",
        "journal/completeness.json does not",
        "By the key’s holder: the index is said to count fewer facts.",
    ),
    broken(
        "index-not-named.zip",
        "names no index",
        "By the key’s holder: the head is signed anew without its index, and a fact is left out.",
    ),
    broken(
        "index-told-otherwise.zip",
        "does not tell of a thing as Milepost does",
        "By the key’s holder: a list of nobody is left away.",
    ),
    broken(
        "index-missing.zip",
        "completeness.json is missing",
        "By the key’s holder: what proves completeness is left out.",
    ),
    # --- Head, stamp, checkpoint, witnesses ---
    broken(
        "head-changed.zip",
        "its signature does not fit it",
        "By the key’s holder, who signed the manifest anew and not the head: its time.",
    ),
    broken(
        "head-signed-anew.zip",
        "says something else than its seal",
        "By the key’s holder: another root, signed anew; the checkpoint tells the right one.",
    ),
    broken(
        "head-of-another-organisation.zip",
        "is the seal of something else",
        "By the key’s holder: the head of another organisation.",
    ),
    broken(
        "head-by-another-key.zip",
        "a key that is not the organisation’s",
        "The head is signed by a key that nobody handed over to.",
    ),
    broken("stamp-of-another-seal.zip", "speaks of another seal", "The time stamp is over something else."),
    broken(
        "stamp-from-before.zip",
        "is older than the seal that it dates",
        "The time stamp is two hours older than the seal.",
    ),
    broken(
        "checkpoint-of-another-head.zip",
        "says something else than its seal",
        "The checkpoint tells another size than the seal.",
    ),
    broken(
        "log-key-of-another.zip",
        "a key that is not the organisation’s",
        "The organisation’s key did not sign the key of the log.",
    ),
    broken(
        "log-key-missing.zip",
        "without the key of its log",
        "The checkpoint is there, and not the key that signed it.",
    ),
    broken(
        "witnessed.zip",
        "missing: witness.example/w3",
        "A witness was asked for that did not cosign.",
        witness=["w1", "w3"],
    ),
    broken("plain.zip", "missing: witness.example/w1", "A witness was asked for, and none cosigned.", witness=["w1"]),
    broken(
        "witness-forged.zip",
        "does not fit the head of the journal",
        "The witness cosigned another head.",
        witness=["w1"],
    ),
    broken(
        "witness-early.zip",
        "before the journal was sealed",
        "The witness cosigned a day before there was such a head.",
        witness=["w1"],
    ),
    broken("plain.zip", "stamp", "An authority was named, and nothing is stamped.", tsa="authority.pem", less=TSA),
    broken(
        "heads-of-another-journal.zip",
        "is of another journal",
        "The journal does not begin with an earlier head: a step is gone.",
    ),
    broken("heads-changed.zip", "its signature does not fit it", "An earlier head tells another time."),
    broken("heads-twice.zip", "not in order", "An earlier head stands there twice."),
    # --- Records: all by the key’s holder ---
    broken(
        "record-action.zip",
        "“minutes” in records/action.json is not what the journal says",
        "The action is said to be twice as long.",
    ),
    broken("record-member-left-out.zip", "“objectives” in records/action.json", "What the action is for is left out."),
    broken(
        "record-nothing-left-out.zip",
        "“told_later” in records/attendance.json",
        "What is null in each row is left out of them.",
    ),
    broken("record-sessions.zip", "“where” of session S-0001", "The session is said to have been elsewhere."),
    broken(
        "record-state.zip",
        "The state (“signed”, told: “absent”) of Bo Ferreira",
        "Who was absent is said to have signed.",
    ),
    broken("record-minutes.zip", "“minutes” of Anna Lindqvist", "Somebody is said to have been there longer."),
    broken(
        "record-circumstances.zip",
        "From where Anna Lindqvist signed",
        "The address from which somebody signed is another.",
    ),
    broken(
        "record-signature.zip", "is not the one that the journal speaks of", "The drawing of a signature is another."
    ),
    broken("record-row-left-out.zip", "An attendance is left out", "The row of who was absent is left out."),
    broken(
        "record-table-says-otherwise.zip", "where the JSON beside it says", "The table says otherwise than the JSON."
    ),
    broken("record-formula.zip", "where the JSON beside it says", "A cell of the table begins like a formula."),
    broken("record-completions.zip", "for “score”, and the journal says", "A score is higher than the facts say."),
    broken("record-progress.zip", "A row is left out of records/progress.csv", "A row is left out."),
    # --- Pieces, PDFs, proofs, badges ---
    broken(
        "piece-changed.zip",
        "is missing",
        "By the key’s holder: one bit of a sheet; no fact knows it, and the one that was sealed is missing.",
    ),
    broken("piece-left-out.zip", "A piece is missing", "By the key’s holder: a certificate is left out."),
    broken(
        "piece-unknown.zip",
        "is a piece of which the journal knows nothing",
        "By the key’s holder: a file among the pieces that no fact names.",
    ),
    broken(
        "cover-says-otherwise.zip",
        "The cover says",
        "By an administrator: the numbers in the cover’s attachment are others.",
    ),
    broken("certificate-added-to.pdf", "was changed after", "Something stands after the seal, and no seal covers it."),
    broken(
        "certificate-sealed-on-top.pdf",
        "by a key that is not the issuer’s",
        "A stranger sealed it once more, under the same name.",
    ),
    broken("receipt-badge-changed.zip", "its signature does not fit it", "The badge in a receipt says another name."),
    broken(
        "receipt-without-a-fact.zip",
        "is missing",
        "By the key’s holder: a fact is left out of a receipt, and the tree proven without it.",
    ),
    broken("fact-other-words.json", "The fact was changed", "The words of the fact are others."),
    broken("fact-other-path.json", "does not lead from the fact", "The path is one step short."),
    broken(
        "fact-of-another-organisation.json",
        "another organisation than the seal",
        "By the key’s holder: the seal is said to be that of another organisation.",
    ),
    broken("certificate-changed.pdf", "", "One bit of the PDF."),
    broken(
        "badge.svg",
        "The list of revocations was valid until",
        "The list of what was revoked is of then: it ends after a day or two.",
        key=[NEXT],
        status_list="revoked-badges.jwt",
    ),
    broken("badge-changed.svg", "its signature does not fit it", "The token says another name."),
    broken("badge-changed.json", "its proof does not fit it", "The badge says another name.", less=PROOFS),
]
