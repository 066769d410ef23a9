"""Course Markdown to safe HTML: CommonMark, tables, footnotes, callouts, tabs, accordions, audio, downloads.

Raw HTML is shown as text, and what the renderer makes is sanitised once more before anything is kept. The parser itself
(`markdown_parser`) is loaded by who reads a course, and by no process that only shows one.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import nh3
from django.utils.translation import gettext as _

from milepost.courses.containers import CALLOUTS, title_of

if TYPE_CHECKING:
    from markdown_it.token import Token

MEDIA_SCHEME = "milepost-media"
AUDIO = (".mp3", ".m4a", ".ogg", ".wav")
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".avif")
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}

# Finds the file that a path in the text means: (path) -> (SHA-256, file name), or None when there is none.
MediaFinder = Callable[[str], tuple[str, str] | None]
# Told what is wrong: (line in the body, counted from 0; message).
Reporter = Callable[[int, str], None]


def render(text: str, *, media: MediaFinder, report: Reporter) -> str:
    """`text` as sanitised HTML. What media it names is resolved to `milepost-media:SHA-256/name` addresses."""
    from milepost.courses.markdown_parser import PARSER

    tokens = PARSER.parse(text)
    _resolve(tokens, media=media, report=report)
    return sanitise(PARSER.renderer.render(tokens, PARSER.options, {}))


def render_inline(text: str) -> str:
    """One line of Markdown (emphasis, code, links) as sanitised HTML."""
    from milepost.courses.markdown_parser import PARSER

    return sanitise(PARSER.renderInline(text))


def sanitise(html: str) -> str:
    """Only what course pages need: no script, no style, no event, no foreign scheme."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_LINK_SCHEMES | {MEDIA_SCHEME},
        link_rel="noopener noreferrer",
        allowed_classes=_CLASSES,
    )


def with_media(html: str, base: str) -> str:
    """The HTML with its media addresses under `base`, such as /aldermoor/media/."""
    return html.replace(f'"{MEDIA_SCHEME}:', f'"{base}')


_PHRASES = {"a", "abbr", "audio", "br", "code", "del", "em", "img", "strong", "sub", "sup"}
_BLOCKS = {"aside", "blockquote", "details", "div", "figure", "figcaption", "section", "summary"}
_PARAGRAPHS = {"dd", "dl", "dt", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
_TAGS = _PHRASES | _BLOCKS | _PARAGRAPHS | _TABLES
_ATTRIBUTES = {
    "a": {"href", "title", "download", "id", "aria-label"},
    "audio": {"src", "controls", "preload", "aria-label"},
    "aside": {"role", "aria-label"},
    "details": {"name", "open"},
    "img": {"src", "alt", "title", "loading", "width", "height"},
    "ol": {"start"},
    "li": {"id"},
    "section": {"aria-label"},
    "td": {"align"},
    "th": {"align", "scope"},
    "div": {"tabindex", "role", "aria-label"},
}
_CLASSES = {
    "aside": {"callout", *(f"callout-{name}" for name in CALLOUTS)},
    "p": {"callout-title"},
    "div": {"tabs", "accordion-list", "table-scroll"},
    "a": {"download", "footnote-ref", "footnote-backref"},
    "section": {"footnotes"},
    "ol": {"footnotes-list"},
    "li": {"footnote-item"},
    "sup": {"footnote-ref"},
}


def _resolve(tokens: "Sequence[Token]", *, media: MediaFinder, report: Reporter) -> None:
    """Point images, audio and downloads to their blobs, and number the tabs."""
    group, is_first, line = 0, False, 0
    for token in tokens:
        line = token.map[0] if token.map else line
        if token.type == "container_tabs_open":
            group, is_first = group + 1, True
        elif token.type == "container_tab_open":
            token.meta |= {"group": group, "first": is_first}
            is_first = False
            if not title_of(token.info):
                report(line, _("A tab needs a title: “::: tab Title”."))
        elif token.type == "container_section_open" and not title_of(token.info):
            report(line, _("A section needs a title: “::: section Title”."))
        elif token.type == "heading_open" and token.tag == "h1":
            report(line, _("Use ## for headings: # is the page's own title, which the fields at the top give."))
        for child in token.children or []:
            if child.type == "image":
                _resolve_image(child, line, media, report)
            elif child.type == "link_open":
                _resolve_link(child, line, media, report)


def _resolve_image(token: "Token", line: int, media: MediaFinder, report: Reporter) -> None:
    source = str(token.attrs.get("src", ""))
    if not token.content.strip():
        report(line, _("The picture %(path)s has no description. Write ![what it shows](%(path)s).") % {"path": source})
    if urlsplit(source).scheme or source.startswith("//"):
        report(line, _("%(path)s lies on another server. Put the file into the media folder.") % {"path": source})
        return
    if not source.lower().endswith((*IMAGES, *AUDIO)):
        report(line, _("%(path)s is neither a picture nor a sound that browsers play.") % {"path": source})
    if file := media(source):
        token.attrs["src"] = media_address(*file)
        token.meta["is_audio"] = source.lower().endswith(AUDIO)
    else:
        report(line, _("There is no file %(path)s.") % {"path": source})


def _resolve_link(token: "Token", line: int, media: MediaFinder, report: Reporter) -> None:
    target = str(token.attrs.get("href", ""))
    scheme = urlsplit(target).scheme
    if target.startswith("#") or scheme in _LINK_SCHEMES:
        return
    if scheme or target.startswith("//"):
        report(
            line,
            _("Links may begin with https:, mailto: or tel:, or name a file of the course; not %(target)s.")
            % {"target": target},
        )
    elif file := media(target):
        token.attrs |= {"href": media_address(*file), "download": file[1], "class": "download"}
    else:
        report(line, _("There is no file %(path)s.") % {"path": target})


def media_address(digest: str, name: str) -> str:
    """The address that stands for a blob until the page is shown."""
    return f"{MEDIA_SCHEME}:{digest}/{quote(re.sub(r'[^\w.-]+', '-', name))}"


def plain_text(html: str) -> str:
    """The words of some HTML, for summaries and searches."""
    cleaned: Any = nh3.clean(html, tags=set())
    return " ".join(str(cleaned).split())
