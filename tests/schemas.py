"""What a database holds beside rows of people: its columns, constraints, indexes, triggers and functions, so that two can be compared.

    schema_of(environment)         # of a process's environment; sets of texts by kind

The order of columns says nothing, as every statement names them. Names that the database chose for constraints of one column
say nothing either: whoever changes such a constraint looks it up.
"""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg

type Schema = dict[str, set[str]]
SPACE = re.compile(r"\s+")
CHOSEN = re.compile(r"\b(\w+)_(?:key|[0-9a-f]{8}_uniq)\b")
POSTGRESQL = {
    "columns": """SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
        attidentity, attgenerated, attcollation FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') AND attnum > 0 AND NOT attisdropped""",
    "relations": """SELECT relname, relkind, relpersistence, reloptions FROM pg_class
        WHERE relnamespace = 'public'::regnamespace""",
    "constraints": """SELECT conrelid::regclass, conname, contype, condeferrable, condeferred, convalidated,
        pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "sequences": """SELECT sequencename, data_type, start_value, min_value, max_value, increment_by, cycle
        FROM pg_sequences WHERE schemaname = 'public'""",
}
ROWS = {
    "migrations": "SELECT app, name FROM django_migrations",
    "kinds": "SELECT app_label, model FROM django_content_type",
    "permissions": """SELECT app_label, model, codename, name FROM auth_permission
        JOIN django_content_type ON django_content_type.id = content_type_id""",
}


def schema_of(environment: Mapping[str, str]) -> Schema:
    """What the environment's database is made of, and the rows that are in it before anybody uses it."""
    if url := environment.get("MILEPOST_DATABASE_URL"):
        with psycopg.connect(url) as server:
            found = {kind: _texts(server.execute(query)) for kind, query in (POSTGRESQL | ROWS).items()}
        return found | {"filled": _filled(url)}
    path = Path(environment["MILEPOST_DATA"]) / "milepost.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        found = {kind: _texts(database.execute(query)) for kind, query in ROWS.items()}
        for kind, name, table, sql in database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"):
            # A table is a set of columns and constraints; of an index without SQL the constraint tells.
            parts = _parts(sql) if kind == "table" else [sql] if sql else []
            found.setdefault(kind, set()).update(_plain(f"{table} {part}") for part in [name, *parts])
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found["filled"] = {name for name in tables if database.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()}
    return found


def _filled(url: str) -> set[str]:
    with psycopg.connect(url) as server:
        tables = [
            name
            for (name,) in server.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
        ]
        return {name for name in tables if server.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()}


def _texts(rows: object) -> set[str]:
    return {_plain(CHOSEN.sub(r"\1_key", " | ".join(map(str, row)))) for row in rows}


def _plain(text: str) -> str:
    """Without line ends, and with the one way to write an empty BLOB and a name."""
    return SPACE.sub(" ", text).replace("X''", "x''").replace('"', "")


def _parts(sql: str) -> list[str]:
    """What stands between the outermost commas of a CREATE TABLE."""
    parts, depth, quote = [""], 0, ""
    for sign in sql[sql.index("(") + 1 : sql.rindex(")")]:
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
        depth += (sign == "(") - (sign == ")") if not quote else 0
        if sign == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]
