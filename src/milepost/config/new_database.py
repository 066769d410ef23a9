"""The tables of a new database, made from today's models in one transaction: what all migrations lead to, in a second.

    new_database.fill()       # nothing happens where any table is

Running some hundred migrations from nothing renders all models some three hundred times, which takes ten seconds and more. They
stay the only way for a database that holds something. That both ways lead to the same columns, constraints, indexes, triggers,
functions and rows, on each database, is held by a test. What migrations do by Python is done here too, but for what is elidable
(it brings rows up to date, of which there are none) and what is `OVERTAKEN`.
"""

from types import SimpleNamespace
from typing import Any, cast

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration, RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState, StateApps

from milepost.core.frozen import FreezeRows

type Key = tuple[str, str]  # the label of an app and the name of a migration

OURS = ("milepost.", "django.contrib.", "allauth.")  # another app's migrations run, whatever they do
# What these did to a table the models say by now, and 0013 says anew what its rows refuse.
OVERTAKEN: set[Key] = {("journal", "0008_vocabulary"), ("journal", "0011_index"), ("journal", "0012_marks")}


def fill() -> bool:
    """Make the tables of our rooms and record their migrations, if there is no table at all; whether there was none.

    All of it is there afterwards or, whatever ends the process, nothing.
    """
    with connection.constraint_checks_disabled(), transaction.atomic():
        if connection.introspection.table_names(include_views=True):
            return False
        migrations = _migrations()
        with connection.schema_editor() as editor:
            labels = {label for label, _ in migrations}
            for model in apps.get_models():
                if model._meta.app_label in labels:
                    editor.create_model(model)
            for key, migration in migrations.items():
                _add(editor, key, migration)
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        recorder.migration_qs.bulk_create([recorder.Migration(app=app, name=name) for app, name in migrations])
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
    return True


def is_in(state: set[Key]) -> bool:
    """Whether all that `fill` makes belongs to the state that these migrations lead to."""
    return _migrations().keys() <= state


def _migrations() -> dict[Key, Migration]:
    """Those of our apps, each after what it depends on."""
    loader = MigrationLoader(None)
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith(OURS)}
    graph = loader.graph
    plan = dict.fromkeys(key for leaf in graph.leaf_nodes() if leaf[0] in ours for key in graph.forwards_plan(leaf))
    return {key: graph.nodes[key] for key in plan}


def _add(editor: BaseDatabaseSchemaEditor, key: Key, migration: Migration) -> None:
    today = cast(ProjectState, SimpleNamespace(apps=apps))
    for operation in cast("list[Any]", migration.operations):
        if isinstance(operation, FreezeRows):
            operation.database_forwards(key[0], editor, today, today)
        elif isinstance(operation, RunPython) and not operation.elidable and key not in OVERTAKEN:
            operation.code(cast(StateApps, apps), editor)
