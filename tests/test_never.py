"""What the product's own code must never do is told by `scripts/never.py`, in any syntax that this Python reads."""

import sys
from pathlib import Path

import never
import pytest


def rules_broken(text, suffix=".py"):
    return [(trouble.line, trouble.rule) for trouble in never.troubles_in(Path(f"some{suffix}"), text)]


BAD = {
    "sql": [
        'cursor.execute(f"SELECT * FROM people WHERE name = {name}")',
        'cursor.execute("SELECT * FROM people WHERE name = %s" % name)',
        'cursor.execute("SELECT " + what)',
        'statement = f"DELETE FROM {table}"\ncursor.execute(statement)',
        "cursor.execute(statement)",
        "rows.filter(pk__in=RawSQL(given, ()))",
        "Person.objects.raw(given)",
    ],
    "comparing": ["given == token", "if row.password != given: pass", 'row["secret"] == given', "pin == typed"],
    "markup": ["mark_safe(name)", 'format_html(f"<b>{name}</b>")', 'format_html("<b>" + name)', "SafeString(name)"],
    "network": ["import requests", "from urllib.request import urlopen", "socket.create_connection(address)"],
    "cookies": ['response.set_cookie("a", "b")', 'request.COOKIES["a"]'],
    "redirecting": ['redirect(request.GET["next"])', 'HttpResponseRedirect(request.POST.get("to", "/"))'],
    "exempting": ["@csrf_exempt\ndef view(request): ...", "@csp_override({})\ndef view(request): ..."],
    "locking": ["Course.objects.select_for_update()", 'rows.select_for_update(of=("self",)).get(pk=1)'],
    "invisible": ['level = "user\u202e \u2066# admin\u2069"'],
}
GOOD = {
    "sql": [
        'cursor.execute("SELECT 1 FROM people WHERE name = %s", [name])',
        'cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")',
        'cursor.execute(f"PRAGMA busy_timeout = {patience:d}")',
        'statement = "SELECT 1"\ncursor.execute(statement)',
        "cursor.execute(STATEMENT, values)",
        'cursor.execute(f"DELETE FROM {name}")  # never: sql (names of ours)',
        'cursor.execute(f"DELETE FROM {name}")  # noqa: S608 (names of ours)',
    ],
    "comparing": ['token == ""', "token is None", "constant_time_compare(token, given)", "status == 200"],
    "markup": ['format_html("<b>{}</b>", name)', 'format_html(_("<b>{}</b>"), name)'],
    "network": ["from milepost.core.fetching import fetch", "import socket"],
    "redirecting": ['redirect("home")', 'redirect(page_before(request) or reverse("home"))'],
    "exempting": ["@require_POST\ndef view(request): ..."],
    "locking": ["Course.objects.select_for_update(no_key=True)"],
    "invisible": ['name = "Zoë 王小明"'],
}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BAD.items() for text in texts])
def test_what_must_never_be_is_told_with_its_line(rule, text):
    assert rules_broken(f"\n{text}\n") == [(text.count("\n") + 2 if rule == "sql" else 2, rule)]


@pytest.mark.parametrize("text", [text for texts in GOOD.values() for text in texts])
def test_what_does_the_same_safely_is_left_alone(text):
    assert rules_broken(text) == []


@pytest.mark.parametrize(
    ("suffix", "rule", "text"),
    [
        (".html", "unescaped", "<p>{{ name|safe }}</p>"),
        (".html", "unescaped", "{% autoescape off %}{{ name }}{% endautoescape %}"),
        (".html", "inline", "<script>go()</script>"),
        (".html", "inline", '<a href="#" onclick="go()">Go</a>'),
        (".html", "inline", '<p style="color: red">'),
        (".js", "written", "place.innerHTML = text;"),
        (".js", "written", "eval(text)"),
        (".js", "written", 'place.insertAdjacentHTML("afterbegin", text)'),
        (".css", "invisible", "a\u202e { }"),
    ],
)
def test_templates_scripts_and_styles_are_read_too(suffix, rule, text):
    assert rules_broken(text, suffix) == [(1, rule)]


def test_templates_that_escape_and_scripts_that_make_elements_are_left_alone():
    assert rules_broken("{{ html|sanitised }}<script src=\"{% static 'a.js' %}\"></script>", ".html") == []
    assert rules_broken('<script type="application/json">{"a": 1}</script>', ".html") == []
    assert rules_broken("place.textContent = text; if (place.innerHTML == was) go();", ".js") == []


def test_a_reason_that_excuses_nothing_is_told_so_that_none_outlives_its_cause():
    assert rules_broken("a = 1  # never: sql (names of ours)") == [(1, "sql")]


def test_a_reason_without_words_excuses_nothing():
    assert rules_broken("cursor.execute(given)  # never: sql ()") == [(1, "sql")]


def test_a_reason_for_a_file_speaks_for_its_rule_alone():
    text = "import requests  # never: network in this file (the one place)\nimport urllib3\ncursor.execute(given)"
    assert rules_broken(text) == [(3, "sql")]


def test_the_syntax_of_python_3_13_is_read():
    assert rules_broken("class Of[T = int]: ...\ntype Pair[T] = tuple[T, T]\ncursor.execute(given)") == [(3, "sql")]
    assert rules_broken('cursor.execute(f"SELECT {row[\'a\' "b"]}")') == [(1, "sql")]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="only Python 3.14 reads its own syntax")
def test_the_syntax_of_python_3_14_is_read():
    text = 'try: ...\nexcept ValueError, TypeError:\n    cursor.execute(t"SELECT {name}")'
    assert rules_broken(text) == [(3, "sql")]
