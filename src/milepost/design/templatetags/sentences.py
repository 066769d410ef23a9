"""`{% blocktranslate %}` as Django has it, but that no value turns the sentence that it is set into.

A name from right to left took along what stood beside it: a bracket, a number, the next name. Plain text has no `<bdi>`, so its
characters do that (`core.words.set_apart`), wherever the sentence goes: a page, its title, a question, a mail.
"""

from typing import Any

from django import template
from django.template.base import Node, Parser, Token, TokenType
from django.template.context import Context
from django.templatetags.i18n import BlockTranslateNode, do_block_translate
from django.utils.safestring import SafeString, mark_safe

from milepost.core.words import set_apart

register = template.Library()


class SentenceNode(Node):
    """A translated sentence with its values set apart."""

    def __init__(self, node: BlockTranslateNode) -> None:
        self.node = node
        values: dict[str, Any] = {name: _Value(given) for name, given in node.extra_context.items()}
        node.extra_context = values
        tokens = [*node.singular, *(node.plural or [])]
        self.names = {token.contents for token in tokens if token.token_type == TokenType.VAR} - {*node.extra_context}

    def render(self, context: Context) -> str:
        found = {name: context[name] for name in self.names if name in context}
        turning = {name: value for name, given in found.items() if (value := _set_apart(given)) is not given}
        if not turning:
            return self.node.render(context)
        with context.push(**turning):
            sentence = self.node.render(context)
            made = context.get(self.node.asvar) if self.node.asvar else None
        if self.node.asvar:
            context[self.node.asvar] = made
        return sentence


class _Value:
    """What `with name=…` gives, set apart."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def resolve(self, context: Context) -> Any:
        return _set_apart(self.given.resolve(context))


def _set_apart(value: Any) -> Any:
    """The same value, unless what it is written as runs from right to left."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    apart = set_apart(text)
    if apart == text:
        return value
    return mark_safe(apart) if isinstance(value, SafeString) else apart  # noqa: S308 (as safe as it was)


@register.tag("blocktranslate")
def sentence(parser: Parser, token: Token) -> SentenceNode:
    """Django’s own, with its values set apart."""
    return SentenceNode(do_block_translate(parser, token))
