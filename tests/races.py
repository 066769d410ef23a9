"""All races: what happens once, happens once, whoever presses at the same moment (see `tests.racing`).

PYTHONPATH=scripts python -c "from milepost.core.starting import set_up; set_up(); from tests.races import main; main()" <<< "signing a half-day"
"""

from tests import (
    races_of_accounts,
    races_of_anchors,
    races_of_audiences,
    races_of_classroom,
    races_of_connections,
    races_of_declarations,
    races_of_documents,
    races_of_doubts,
    races_of_evidence,
    races_of_journal,
    races_of_learning,
    races_of_outside,
    races_of_papers,
    races_of_people,
    races_of_receipts,
    races_of_requirements,
    races_of_rounds,
    races_of_security,
    races_of_undoing,
)
from tests.racing import serve

OF_SESSIONS = {**races_of_classroom.RACES, **races_of_documents.RACES}
RACES = {**OF_SESSIONS, **races_of_learning.RACES, **races_of_evidence.RACES, **races_of_people.RACES}
RACES |= races_of_doubts.RACES | races_of_undoing.RACES | races_of_security.RACES | races_of_accounts.RACES
RACES |= races_of_journal.RACES | races_of_connections.RACES
RACES |= races_of_anchors.RACES | races_of_declarations.RACES | races_of_receipts.RACES | races_of_papers.RACES
RACES |= races_of_outside.RACES | races_of_rounds.RACES | races_of_audiences.RACES | races_of_requirements.RACES


def main() -> None:
    """In a process with a database of its own."""
    serve(RACES)
