"""What stands between lines of “:::” in course Markdown: callouts, tabs, sections of an accordion."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

CALLOUTS = ("note", "tip", "important", "warning", "example")


def title_of(token: "Token") -> str:
    """The words after the name of a container: “::: tab Title”."""
    return token.info.strip().partition(" ")[2].strip()
