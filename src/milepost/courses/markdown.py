"""Course Markdown to safe HTML: CommonMark, tables, footnotes, callouts, tabs, accordions, audio, downloads.

Raw HTML is shown as text, and what the renderer makes is sanitised once more before anything is kept.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

import nh3
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin

MEDIA_SCHEME = "milepost-media"
CALLOUTS = ("note", "tip", "important", "warning", "example")
AUDIO = (".mp3", ".m4a", ".ogg", ".wav")
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".avif")
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}

# Finds the file that a path in the text means: (path) -> (SHA-256, file name), or None when there is none.
MediaFinder = Callable[[str], tuple[str, str] | None]
# Told what is wrong: (line in the body, counted from 0; message).
Reporter = Callable[[int, str], None]


def render(text: str, *, media: MediaFinder, report: Reporter) -> str:
    """`text` as sanitised HTML. What media it names is resolved to `milepost-media:SHA-256/name` addresses."""
    tokens = _parser().parse(text)
    _resolve(tokens, media=media, report=report)
    return sanitise(_parser().renderer.render(tokens, _parser().options, {}))


def render_inline(text: str) -> str:
    """One line of Markdown (emphasis, code, links) as sanitised HTML."""
    return sanitise(_parser().renderInline(text))


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


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table").enable("strikethrough")
    parser.use(footnote_plugin)
    for name in CALLOUTS:
        parser.use(container_plugin, name, render=_callout)
    for name in ("tabs", "accordion"):
        parser.use(container_plugin, name, render=_group)
    for name in ("tab", "section"):
        parser.use(container_plugin, name, validate=_names(name), render=_fold)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("table_open", lambda *_args: '<div class="table-scroll" tabindex="0" role="group"><table>')
    parser.add_render_rule("table_close", lambda *_args: "</table></div>")
    parser.add_render_rule(
        "footnote_block_open", lambda *_args: '<section class="footnotes"><ol class="footnotes-list">'
    )
    parser.add_render_rule("footnote_block_close", lambda *_args: "</ol></section>")
    return parser


def _names(name: str) -> Callable[[str, str], bool]:
    """Whether a container is exactly this one: “tab” must not take “tabs”."""
    return lambda params, _markup: params.strip().split(" ", 1)[0] == name


def _title(token: Token) -> str:
    return token.info.strip().partition(" ")[2].strip()


def _callout(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    token = tokens[index]
    if token.nesting == -1:
        return "</aside>"
    name = token.info.strip().split(" ", 1)[0]
    title = f'<p class="callout-title">{escape(_title(token))}</p>' if _title(token) else ""
    return f'<aside class="callout callout-{name}" role="note">{title}'


def _group(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    token = tokens[index]
    if token.nesting == -1:
        return "</div>"
    return '<div class="tabs">' if token.info.strip().startswith("tabs") else '<div class="accordion-list">'


def _fold(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """A tab or a section of an accordion: both are native `details`; tabs share a name, so one is open at a time."""
    token = tokens[index]
    if token.nesting == -1:
        return "</details>"
    summary = f"<summary>{escape(_title(token))}</summary>"
    if not token.info.strip().startswith("tab"):
        return f"<details>{summary}"
    group, is_first = token.meta.get("group", 0), token.meta.get("first", False)
    return f'<details name="tabs-{group}"{" open" if is_first else ""}>{summary}'


def _image(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    token = tokens[index]
    source, alternative = escape(str(token.attrs.get("src", ""))), escape(token.content)
    if token.meta.get("is_audio"):
        return f'<audio controls preload="metadata" src="{source}" aria-label="{alternative}"></audio>'
    return f'<img src="{source}" alt="{alternative}" loading="lazy">'


def _resolve(tokens: Sequence[Token], *, media: MediaFinder, report: Reporter) -> None:
    """Point images, audio and downloads to their blobs, and number the tabs."""
    group, is_first, line = 0, False, 0
    for token in tokens:
        line = token.map[0] if token.map else line
        if token.type == "container_tabs_open":
            group, is_first = group + 1, True
        elif token.type == "container_tab_open":
            token.meta |= {"group": group, "first": is_first}
            is_first = False
            if not _title(token):
                report(line, _("A tab needs a title: “::: tab Title”."))
        elif token.type == "container_section_open" and not _title(token):
            report(line, _("A section needs a title: “::: section Title”."))
        elif token.type == "heading_open" and token.tag == "h1":
            report(line, _("Use ## for headings: # is the page's own title, which the fields at the top give."))
        for child in token.children or []:
            if child.type == "image":
                _resolve_image(child, line, media, report)
            elif child.type == "link_open":
                _resolve_link(child, line, media, report)


def _resolve_image(token: Token, line: int, media: MediaFinder, report: Reporter) -> None:
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


def _resolve_link(token: Token, line: int, media: MediaFinder, report: Reporter) -> None:
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
