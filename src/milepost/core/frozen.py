"""Rows that can't change: a migration operation that makes the database itself refuse it.

A guard in Python holds until somebody opens a SQL console. These triggers hold there too, on both databases.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

MESSAGE = "milepost: rows of {table} are never changed or deleted"


class FreezeRows(Operation):
    """Refuse UPDATE and DELETE (and TRUNCATE, where it exists) on a model's table."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models stay as they are: only the database learns something."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for statement in self._statements(self._table(app_label, to_state), schema_editor.connection.vendor):
            # None: the % of plpgsql is not a placeholder
            schema_editor.execute(statement, params=None)  # never: sql (names of models)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self._table(app_label, from_state)
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_frozen ON {table}")  # never: sql (names of models)
            schema_editor.execute(f"DROP TRIGGER {table}_kept ON {table}")  # never: sql (names of models)
        else:
            for event in ("update", "delete"):
                schema_editor.execute(f"DROP TRIGGER {table}_no_{event}")  # never: sql (names of models)

    def describe(self) -> str:
        return f"Freeze the rows of {self.model_name}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.model_name], {}

    def _table(self, app_label: str, state: ProjectState) -> str:
        return str(state.apps.get_model(app_label, self.model_name)._meta.db_table)

    def _statements(self, table: str, vendor: str) -> list[str]:
        message = MESSAGE.format(table=table)
        if vendor == "postgresql":
            return [
                "CREATE OR REPLACE FUNCTION milepost_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'milepost: rows of % are never changed or deleted', TG_TABLE_NAME "
                "USING ERRCODE = 'integrity_constraint_violation'; END $$",
                f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION milepost_refuse()",
                f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION milepost_refuse()",
            ]
        return [
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for event in ("update", "delete")
        ]
