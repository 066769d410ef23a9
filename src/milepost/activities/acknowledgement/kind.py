"""How an acknowledgement is written: the text to read as the body, and the sentence that the person confirms."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.courses.kinds import ActivityFile, Kind
from milepost.journal.vocabulary import SHA256, TEXT, Fields

# Characters: each person's confirmation keeps all of them in the journal, for good.
LONGEST, LONGEST_STATEMENT = 100_000, 1_000


class AcknowledgementKind(Kind):
    """How an acknowledgement is written."""

    name = "acknowledgement"
    label = gettext_lazy("Acknowledgement")
    icon = "pen"
    work: ClassVar[Fields] = {"statement": TEXT, "text": TEXT, "text_sha256": SHA256}

    def read(self, file: ActivityFile) -> dict[str, Any]:
        """`{"html": the text to read, "statement": the sentence confirmed, "text": the Markdown as written}`."""
        source = file.source
        statement = source.text("statement")
        if not source.body.strip():
            source.problem(source.body_line, _("There is no text to acknowledge."))
        if len(source.body) > LONGEST:
            words = _("The text is longer than %(count)d characters. Put what explains it into pages before this one.")
            source.problem(source.body_line, words % {"count": LONGEST})
        if len(statement) > LONGEST_STATEMENT:
            words = _("“statement” is longer than %(count)d characters. Say in one sentence what is confirmed.")
            source.problem(source.line_of("statement"), words % {"count": LONGEST_STATEMENT})
        return {
            "html": file.markdown(source.body, line=source.body_line),
            "statement": statement,
            "text": source.body.strip(),
        }
