"""What stands between lines of “:::” in course Markdown: callouts, tabs, sections of an accordion."""

CALLOUTS = ("note", "tip", "important", "warning", "example")


def title_of(info: str) -> str:
    """The words after the name of a container, in the line that opens it: “tab Title”."""
    return info.strip().partition(" ")[2].strip()
