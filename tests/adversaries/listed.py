"""What is not found, and the row of docs/what-it-proves.md that says so."""

from tests.adversaries.administrator import SEALED, WAITING
from tests.adversaries.keyholder import WHO as KEYHOLDER
from tests.adversaries.operator import WHO as OPERATOR
from tests.adversaries.outsider import WHO as OUTSIDER
from tests.adversaries.table import Listed

LISTED = [
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
    Listed(KEYHOLDER, r"^badge alone", "whoever holds the key, what a badge says that is shown alone"),
    Listed(
        KEYHOLDER,
        r"^attestation",
        "whoever holds the key, numbers and a list that fit each other and not the journal",
    ),
    Listed(KEYHOLDER, r"^receipt manifest.json: person", "the name of its person"),
    Listed(KEYHOLDER, r" manifest.json: made_at", "whoever holds the key, when the dossier was made"),
    Listed(
        KEYHOLDER,
        r" (keys/log.json|journal/checkpoint.txt|journal/heads.json): (gone|whole)|stamped heads: all|seal.json: (timestamp|whole)"
        r"|^proof (checkpoint|log|whole|seal)",
        "whoever holds the key, all time stamps or a checkpoint left away",
    ),
    Listed(KEYHOLDER, r"cover.pdf: sealed on top", "whoever holds the key, the words that are printed on the cover"),
    Listed(KEYHOLDER, r"^receipt read-me.txt", "whoever holds the key, the words of its read-me"),
    Listed(KEYHOLDER, r"^receipt pieces/badges/.*\.svg: ", "anybody, the picture around the token of a badge"),
    Listed(
        WAITING,
        r"gone with its place in the queue the last",
        "whoever has the database and not the secret, between a fact and its seal: removed",
    ),
    Listed(OPERATOR, r"that no anchor covers", "the operator, later: facts that came after all that others have"),
]

__all__ = ("LISTED", "SEALED")
