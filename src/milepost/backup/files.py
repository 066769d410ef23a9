"""The files that the rows name, each once: gathered on the disk, since there may be millions."""

import sqlite3
from collections.abc import Iterable, Iterator
from uuid import UUID

from milepost.core.blobs.references import mentions, references
from milepost.people.models import Organisation


class Named:
    """Organisation and digest of every file that is referred to or told of; use it as a context."""

    def __enter__(self) -> "Named":
        self._kept = sqlite3.connect("")  # a temporary file of SQLite’s own, gone when it is closed
        self._kept.execute("CREATE TABLE named (organisation, digest, referred, PRIMARY KEY (organisation, digest))")
        return self

    def __exit__(self, *_error: object) -> None:
        self._kept.close()

    def gather(self) -> None:
        """Ask every row of every organisation; inside the snapshot."""
        for organisation in Organisation.objects.order_by("pk"):
            uid = str(organisation.uid)
            for reference in references():
                self._add(uid, (digest for _key, digest in reference.named(organisation)), is_referred_to=True)
            for tell in mentions.all():
                self._add(uid, tell(organisation), is_referred_to=False)

    def _add(self, organisation: str, digests: Iterable[str], *, is_referred_to: bool) -> None:
        statement = "INSERT OR IGNORE INTO named VALUES (?, ?, ?)"
        self._kept.executemany(statement, ((organisation, digest, is_referred_to) for digest in digests))

    def count(self) -> int:
        """How many there are."""
        [count] = self._kept.execute("SELECT count(*) FROM named").fetchone()
        return int(count)

    def __iter__(self) -> Iterator[tuple[UUID, str, bool]]:
        for organisation, digest, referred in self._kept.execute("SELECT * FROM named ORDER BY 1, 2"):
            yield UUID(organisation), digest, bool(referred)
