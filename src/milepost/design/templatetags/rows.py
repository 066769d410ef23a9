"""Rows of lists: what a row is about, which leads on where it may, what is to be said under it, and what stands beside it.

    {% row seat.session.title url %}
      {{ seat.starts|date:"DATE_FORMAT" }}
    {% beside %}
      <span class="pill done">{% translate "Done" %}</span>
    {% endrow %}

Without an address the title is no link; what is empty is left out. `stacks` lets what stands beside come below on phones.
"""

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils.html import conditional_escape

register = template.Library()


class RowNode(template.Node):
    """One row, put together without a template of its own: lists are long."""

    child_nodelists = ("under", "beside")

    def __init__(
        self, title: FilterExpression, url: FilterExpression | None, *, under: NodeList, beside: NodeList, stacks: bool
    ) -> None:
        self.title, self.url, self.under, self.beside = title, url, under, beside
        self.opening = f'<div class="row-item{" stacks" if stacks else ""}"><div>'

    def render(self, context: Context) -> str:
        # A name may run from right to left: it is set by itself, and turns nothing that stands beside it.
        title = f'<strong dir="auto">{conditional_escape(self.title.resolve(context))}</strong>'
        if self.url and (url := self.url.resolve(context)):
            title = f'<a class="stretched" href="{conditional_escape(url)}">{title}</a>'
        under, beside = self.under.render(context).strip(), self.beside.render(context).strip()
        said = f'<div class="kicker">{under}</div>' if under else ""
        return f"{self.opening}{title}{said}</div>{beside}</div>"


@register.tag
def row(parser: Parser, token: Token) -> RowNode:
    """A row up to `{% endrow %}`; what follows `{% beside %}` stands at its end."""
    tag, *words = token.split_contents()
    stacks = "stacks" in words
    expressions = [parser.compile_filter(word) for word in words if word != "stacks"]
    if len(expressions) not in (1, 2):
        raise template.TemplateSyntaxError(f"{{% {tag} %}} needs a title, and may have an address.")
    title, url = expressions[0], expressions[1] if len(expressions) == 2 else None
    under, beside = parser.parse(("beside", "endrow")), NodeList()
    if parser.next_token().contents == "beside":
        beside = parser.parse(("endrow",))
        parser.delete_first_token()
    return RowNode(title, url, under=under, beside=beside, stacks=stacks)
