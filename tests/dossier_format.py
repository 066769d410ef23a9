"""What of docs/dossier-format.md is read off the code: `python -m tests.dossier_format` writes it there, a test holds it.

Between `<!-- generated: NAME -->` and `<!-- end -->` stands what `BLOCKS[NAME]` says.
"""

import re
from collections.abc import Callable
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent / "docs/dossier-format.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def filing() -> str:
    """What facts are filed under, by the types of facts that there are."""
    from milepost.journal.vocabulary import fact_types

    keys: dict[str, list[str]] = {}
    for fact_type in fact_types.all():
        if fact_type.object_type and fact_type.about:
            keys.setdefault(fact_type.about, []).append(fact_type.object_type)
    rows = (
        f"| `context.{key}` | {', '.join(f'`{one}`' for one in sorted(set(keys[key])))} |\n" for key in sorted(keys)
    )
    return "| filed under | facts about objects of the type |\n| --- | --- |\n" + "".join(rows)


def attendance() -> str:
    from milepost.verify.attendance_records import COLUMNS

    return f"A row has no other members than: {', '.join(f'`{name}`' for name in sorted(COLUMNS))}.\n"


def columns() -> str:
    from milepost.verify.tables import COLUMNS

    rows = (f"| `{name}` | {', '.join(f'`{column}`' for column in columns)} |\n" for name, columns in COLUMNS.items())
    return "| table | columns, in this order |\n| --- | --- |\n" + "".join(rows)


BLOCKS: dict[str, Callable[[], str]] = {"filing": filing, "attendance": attendance, "columns": columns}


def written() -> str:
    """The document as it should be."""
    return BLOCK.sub(lambda found: found[1] + BLOCKS[found[2]]() + found[4], DOCUMENT.read_text())


if __name__ == "__main__":
    import django

    django.setup()
    DOCUMENT.write_text(written())
