"""Labelled inputs: a label, the control, and beside it help and what is wrong with it, as everybody reads it.

    {% field form.title %}                                       a field of a Django form, whatever its widget
    {% input "email" _("E-mail") type="email" required %}        an input of a form that is written by hand
    {% textarea "message" _("Message") rows="2" value=typed.message %}
    {% select "status" _("State") value=status %}
      {% option "" _("All") %}{% options statuses %}
    {% endselect %}

After the name and the label come attributes of the control as in HTML: one without a value stands alone, one whose value
is empty, false or None is left out. These say more:

    value      what stands in the control; of a `select`, which of its options is chosen
    help       words between the label and the control
    error      what is wrong; without it, what `complaints` in the context (id: sentence) has for this control. A view
               that was refused shows its page again with `complaints=complaints_of(refused, "email")`
    of         makes the id one of many: `{% input "left" _("Left at") of=row.pk %}` has the id left-12
    around     classes of the element around all of it, such as "grow" in a row of filters
    quiet      the label is for screen readers alone

A control with something wrong says so to screen readers, names the sentence that tells it, and gets the keyboard
(`app.js`). Numbers are written as machines read them.

An input is put together here and not by a template of its own: a list of attendances has sixty, and each template in a
template takes 80 µs.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from django import template
from django.forms import BoundField, ModelChoiceField
from django.template.base import FilterExpression, NodeList, Parser, Token, Variable
from django.template.context import Context
from django.utils.functional import Promise
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from milepost.core.words import capital

register = template.Library()

_WORD = re.compile(r"^([a-z][a-z-]*)(?:=(.+))?$")
_CHOSEN = "chosen of the select"  # no variable of a template is called so


@register.inclusion_tag("design/components/field.html")
def field(bound: BoundField, *, scrolls: bool = False) -> dict[str, Any]:
    """A field of a Django form, whatever its widget; with `scrolls`, many choices have a box of their own."""
    return {"field": bound, "scrolls": scrolls, "is_of_rows": isinstance(bound.field, ModelChoiceField)}


class LabelledNode(template.Node, ABC):
    """A label and its control. What is the same each time is put together once, when the template is read."""

    usual_class = "form-control"

    def __init__(self, parser: Parser, token: Token, options: NodeList | None = None) -> None:
        tag, *words = token.split_contents()
        if len(words) < 2:
            raise template.TemplateSyntaxError(f"{{% {tag} %}} needs a name and a label.")
        self.name, self.label = map(parser.compile_filter, words[:2])
        self.options = options
        given, bare = _read(tag, words[2:], parser)
        self.value, self.help, self.error, self.of = (
            given.pop(name, None) for name in ("value", "help", "error", "of")
        )
        self.id = given.pop("id", self.name)
        around, classes = (_fixed(given.pop(name, None)) or "" for name in ("around", "class"))
        label_class = "visually-hidden" if "quiet" in bare else "form-label"
        self.opening = f'<div class="{f"field {around}".strip()}"><label class="{label_class}" for="'
        fixed = {name: text for name, expression in given.items() if (text := _fixed(expression)) is not None}
        self.always = f' class="{f"{self.usual_class} {classes}".strip()}"'
        self.always += "".join(f' {name}="{text}"' for name, text in fixed.items())
        self.always += "".join(f" {name}" for name in bare if name != "quiet")
        self.sometimes = [(name, expression) for name, expression in given.items() if name not in fixed]

    def render(self, context: Context) -> str:
        name, label = _shown(self.name, context), _shown(self.label, context)
        at = name if self.id is self.name else _shown(self.id, context)
        if self.of is not None:
            at = f"{at}-{_shown(self.of, context)}"
        help_text = self.help and _shown(self.help, context)
        problem = _shown(self.error, context) if self.error else _complaint_about(at, context)
        attributes = f' id="{at}" name="{name}"{self.always}'
        for attribute, expression in self.sometimes:
            attributes += _attribute(attribute, expression.resolve(context))
        if described := " ".join([f"{at}-help"] * bool(help_text) + [f"{at}-error"] * bool(problem)):
            attributes += f' aria-describedby="{described}"'
        if problem:
            attributes += ' aria-invalid="true"'
        return "".join(
            (
                self.opening,
                f'{at}">{label}</label>',
                f'<span class="form-text mb-1" id="{at}-help">{help_text}</span>' if help_text else "",
                self.control(attributes, context),
                f'<p class="field-error" id="{at}-error">{problem}</p>' if problem else "",
                "</div>",
            )
        )

    @abstractmethod
    def control(self, attributes: str, context: Context) -> str:
        """The control itself, with these attributes."""


def _read(tag: str, words: list[str], parser: Parser) -> tuple[dict[str, FilterExpression], list[str]]:
    """The attributes that have a value, and those that stand alone."""
    given, bare = {}, []
    for word in words:
        match = _WORD.match(word)
        if match is None:
            raise template.TemplateSyntaxError(f"{{% {tag} %}}: {word} is no attribute.")
        if match[2] is None:
            bare.append(match[1])
        else:
            given[match[1]] = parser.compile_filter(match[2])
    return given, bare


def _fixed(expression: FilterExpression | None) -> str | None:
    """The text that an expression is wherever it stands; None if that depends on something, a language even."""
    if expression is None or expression.filters or isinstance(expression.var, Promise):
        return None
    value = expression.var.literal if isinstance(expression.var, Variable) else expression.var
    return None if value is None or isinstance(value, Promise) else str(value)


def _shown(expression: FilterExpression, context: Context) -> str:
    """What an expression is, as HTML; nothing where it is empty."""
    value = expression.resolve(context)
    return "" if value is None or value is False else conditional_escape(value)


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False or value == "":
        return ""
    return f" {name}" if value is True else f' {name}="{conditional_escape(value)}"'


def _complaint_about(at: str, context: Context) -> str:
    """What is wrong with the control of this id, where the context says it."""
    complaints = context.get("complaints")
    return conditional_escape(complaints.get(at, "")) if complaints else ""


class InputNode(LabelledNode):
    """`{% input name label … %}`: of any type that is one line."""

    def control(self, attributes: str, context: Context) -> str:
        value = _attribute("value", self.value.resolve(context)) if self.value else ""
        return f"<input{attributes}{value}>"


class TextareaNode(LabelledNode):
    """`{% textarea name label … %}`: several lines of text."""

    def control(self, attributes: str, context: Context) -> str:
        # Browsers leave out the first line break after the tag, so that one of the text’s own is not lost.
        return f"<textarea{attributes}>\n{_shown(self.value, context) if self.value else ''}</textarea>"


class SelectNode(LabelledNode):
    """`{% select name label … %}` with its options, up to `{% endselect %}`."""

    usual_class = "form-select"

    def control(self, attributes: str, context: Context) -> str:
        assert self.options is not None  # noqa: S101 (the tag below gives them)
        chosen = self.value.resolve(context) if self.value else None
        with context.push(**{_CHOSEN: "" if chosen is None else str(chosen)}):
            return f"<select{attributes}>{self.options.render(context)}</select>"


register.tag("input", InputNode)
register.tag("textarea", TextareaNode)


@register.tag("select")
def select(parser: Parser, token: Token) -> SelectNode:
    """A choice of options."""
    options = parser.parse(("endselect",))
    parser.delete_first_token()
    return SelectNode(parser, token, options)


class OptionNode(template.Node):
    """`{% option value label %}`: one option of a select, in words of ours; they begin with a capital letter."""

    def __init__(self, parser: Parser, token: Token) -> None:
        tag, *words = token.split_contents()
        if len(words) != 2:
            raise template.TemplateSyntaxError(f"{{% {tag} %}} needs a value and a label.")
        self.value, self.label = map(parser.compile_filter, words)

    def render(self, context: Context) -> str:
        return _option(self.value.resolve(context), capital(self.label.resolve(context)), context.get(_CHOSEN))


register.tag("option", OptionNode)


@register.simple_tag(takes_context=True)
def options(context: Context, choices: Iterable[Any], value: str = "", label: str = "") -> SafeString:
    """An option for each choice: `(value, words of ours)`, a word that is its own value, or a row with the names of both.

    Words of ours begin with a capital letter; what people wrote stays as it is.
    """
    chosen = context.get(_CHOSEN)
    if value:
        pairs = [(getattr(row, value), str(getattr(row, label))) for row in choices]
    else:
        pairs = [(one, one) if isinstance(one, str) else (one[0], capital(one[1])) for one in choices]
    return mark_safe("".join(_option(*pair, chosen) for pair in pairs))  # noqa: S308 (each part is escaped)


def _option(value: Any, label: str, chosen: str | None) -> str:
    key = str(value)
    return f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{conditional_escape(label)}</option>'
