"""What the tests of the whole system share."""

import os
import secrets
import subprocess
import sys

import psycopg
import pytest
from django.db import connection
from running import clean_environment


@pytest.fixture
def own_database(tmp_path, request):
    """The environment of processes with an empty database of their own, of the kind that the tests run on."""
    variables = {"MILEPOST_DATA": str(tmp_path), "MILEPOST_SECRET_KEY": "only-for-tests-" + "x" * 40}
    variables["DJANGO_SETTINGS_MODULE"] = "milepost.config.settings"
    if connection.vendor == "postgresql":
        name, server = f"workers_{secrets.token_hex(4)}", os.environ["MILEPOST_DATABASE_URL"]
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        variables["MILEPOST_DATABASE_URL"] = server.rpartition("/")[0] + "/" + name
    environment = clean_environment(**variables)
    subprocess.run([sys.executable, "-m", "milepost.cli", "migrate"], env=environment, check=True, capture_output=True)
    command = ["organisation", "create", "aldermoor", "--name", "Aldermoor"]
    subprocess.run([sys.executable, "-m", "milepost.cli", *command], env=environment, check=True, capture_output=True)
    yield environment
    if connection.vendor == "postgresql":
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
