"""How an acknowledgement is written: the text to read as the body, and the sentence that the person confirms."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.courses.kinds import ActivityFile, Kind
from milepost.journal.vocabulary import SHA256, TEXT, Fields


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
        return {
            "html": file.markdown(source.body, line=source.body_line),
            "statement": statement,
            "text": source.body.strip(),
        }
