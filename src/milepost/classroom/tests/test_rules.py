"""What an organisation decides about its classrooms is what its classrooms ask."""

import ast
from pathlib import Path

import milepost
from milepost.classroom import rules

SOURCE = Path(milepost.__file__).parent


def test_every_value_that_rules_gather_is_used():
    """The classroom reads its settings at once; what it gathers and never looks at would go unnoticed otherwise."""
    used = {
        node.attr
        for path in (SOURCE / "classroom").rglob("*.py")
        if path.name != "rules.py" and "tests" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    used |= {"trainer_rights"}  # by `Rules.allows`
    templates = "".join(page.read_text(encoding="utf-8") for page in (SOURCE / "classroom/templates").rglob("*.html"))
    assert [one.name for one in rules.OWN if one.name not in used and f"rules.{one.name}" not in templates] == []
