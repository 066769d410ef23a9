"""The parser of course Markdown: what it knows beyond CommonMark, and the HTML of it. `courses.markdown` says how it is used."""

from collections.abc import Callable, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin

from milepost.courses.containers import CALLOUTS, title_of


def _make() -> MarkdownIt:
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


def _callout(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    token = tokens[index]
    if token.nesting == -1:
        return "</aside>"
    name = token.info.strip().split(" ", 1)[0]
    title = f'<p class="callout-title">{escape(title_of(token.info))}</p>' if title_of(token.info) else ""
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
    summary = f"<summary>{escape(title_of(token.info))}</summary>"
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


PARSER = _make()  # by whoever loads this, and so not by each child that reads a course
