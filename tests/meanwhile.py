"""Somebody else who is quicker: what they do falls between the first reading of a table and all that follows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Model


@contextmanager
def meanwhile(model: type[Model], act: Callable[[], Any]) -> Iterator[None]:
    """Within this block `act` is done once, right after the model's table was read for the first time."""
    waiting = [act]

    def run(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if waiting and sql.startswith("SELECT") and f'FROM "{model._meta.db_table}"' in sql:
            waiting.pop()()
        return answer

    with connection.execute_wrapper(run):
        yield
    assert not waiting, f"nobody read {model.__name__}"
