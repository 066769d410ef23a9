"""What is not found, and the row of docs/what-it-proves.md that says so."""

from tests.adversaries.administrator import SEALED
from tests.adversaries.keyholder import WHO as KEYHOLDER
from tests.adversaries.operator import WHO as OPERATOR
from tests.adversaries.outsider import WHO as OUTSIDER
from tests.adversaries.table import Listed

LISTED = [
    Listed(
        OUTSIDER,
        r", what the zip says: ",
        "anybody, what a zip says of its files beside their names and bytes: times, versions, attributes",
    ),
    Listed(OUTSIDER, r"^badge, the picture around it", "anybody, the picture around the token of a badge"),
    Listed(
        OUTSIDER,
        r"^published keys",
        "whoever can change what is at the published address, a revocation that is left out",
    ),
    Listed(
        OUTSIDER,
        r"^proof (checkpoint|log|whole|seal)",
        "whoever hands on the proof of a fact, its time stamp or its checkpoint left away",
    ),
    Listed(
        KEYHOLDER, r" as-the-organisation-says/", "whoever holds the key, what lies under `as-the-organisation-says/`"
    ),
    Listed(
        KEYHOLDER,
        r"records/(completions|progress).csv: column round gone",
        "whoever holds the key, the column `round` of a table in which all are in the first",
    ),
    Listed(KEYHOLDER, r"^badge alone", "whoever holds the key, what a badge says that is shown alone"),
    Listed(
        KEYHOLDER,
        r"^attestation",
        "whoever holds the key, numbers and a list that fit each other and not the journal",
    ),
    Listed(KEYHOLDER, r"^receipt manifest.json: person", "the name of its person"),
    Listed(
        KEYHOLDER,
        r"all of its (checkpoint|stamps): gone|seal.json: (timestamp|whole)$|^proof (whole|checkpoint|log|seal)$",
        "whoever holds the key, all time stamps or a checkpoint left away",
    ),
    Listed(
        KEYHOLDER,
        r"journal/(heads|seal).json: byte in eighth",
        "whoever holds the key, the certificates that a time stamp brings along beside its authority's own",
    ),
    Listed(
        KEYHOLDER,
        r"journal/heads.json: (gone|whole)$|stamped heads: ",
        "whoever holds the key, an early stamp that is left out",
    ),
    Listed(
        KEYHOLDER,
        r"^proof seal.statement: (a member gone|time|index)$",
        "whoever holds the key, the time in the seal of a fact's proof",
    ),
    Listed(KEYHOLDER, r"cover.pdf: sealed on top", "whoever holds the key, the words that are printed on the cover"),
    Listed(KEYHOLDER, r"^receipt read-me.txt", "whoever holds the key, the words of its read-me"),
    Listed(
        KEYHOLDER,
        r"^receipt pieces/badges/.*\.svg: (byte|added to)",
        "anybody, the picture around the token of a badge",
    ),
    Listed(KEYHOLDER, r"^receipt pieces/badges/.*\.svg: gone", "whoever holds the key, a badge that is left out"),
    Listed(
        SEALED,
        r"^people\.organisation\.(name|registration_number|postal_address|certifier)",
        "the operator, at once: another name or number, stated as a fact before the dossier is made",
    ),
    Listed(OPERATOR, r"that no anchor covers", "the operator, later: facts that came after all that others have"),
]

__all__ = ("LISTED", "SEALED")
