"""What the tests of the whole system share."""

import os
import secrets
import shutil
import subprocess
import sys
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection
from running import SECRET, clean_environment


@pytest.fixture
def own_database(prepared_environment, tmp_path):
    """The environment of processes with a database of their own, of the kind that the tests run on, and Aldermoor in it."""
    with own_copy(prepared_environment, tmp_path) as environment:
        yield environment


@pytest.fixture(scope="module")
def module_database(prepared_environment, tmp_path_factory):
    """The same for all tests of a module."""
    with own_copy(prepared_environment, tmp_path_factory.mktemp("own")) as environment:
        yield environment


@contextmanager
def own_copy(prepared_environment, folder):
    url = prepared_environment.get("MILEPOST_DATABASE_URL")
    if url is None:
        shutil.copytree(prepared_environment["MILEPOST_DATA"], folder, dirs_exist_ok=True)
        yield prepared_environment | {"MILEPOST_DATA": str(folder)}
    else:
        with postgresql_database(template=url.rpartition("/")[2]) as own:
            yield prepared_environment | {"MILEPOST_DATA": str(folder), "MILEPOST_DATABASE_URL": own}


@pytest.fixture(scope="session")
def prepared_environment(tmp_path_factory):
    """What `own_database` is a copy of, made by the commands that a person would give: that takes seconds, a copy none."""
    folder = str(tmp_path_factory.mktemp("prepared"))
    names = {"MILEPOST_DATA": folder, "MILEPOST_SECRET_KEY": SECRET}
    environment = clean_environment(**names, DJANGO_SETTINGS_MODULE="milepost.config.settings")
    if connection.vendor == "postgresql":
        with postgresql_database() as url:
            environment["MILEPOST_DATABASE_URL"] = url
            prepare(environment)
            yield environment
    else:
        prepare(environment)
        yield environment


def prepare(environment):
    for command in (["migrate"], ["organisation", "create", "aldermoor", "--name", "Aldermoor"]):
        cli = [sys.executable, "-m", "milepost.cli", *command]
        subprocess.run(cli, env=environment, check=True, capture_output=True)


@contextmanager
def postgresql_database(template="template1"):
    """The URL of a new database beside the one of the tests, a copy of the template."""
    name, server = f"own_{secrets.token_hex(4)}", os.environ["MILEPOST_DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.rpartition("/")[0] + "/" + name
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
