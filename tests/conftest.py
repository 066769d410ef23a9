"""What the tests of the whole system share."""

import os
import secrets
import shutil
import subprocess
import sys
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from django.core.files.storage import storages

from tests import prepared_databases


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
def prepared_environment(migrated_environment, tmp_path_factory):
    """What `own_database` is a copy of: Aldermoor and nobody in it."""
    with own_copy(migrated_environment, tmp_path_factory.mktemp("prepared")) as environment:
        cli = [sys.executable, "-m", "milepost.cli", "organisation", "create", "aldermoor", "--name", "Aldermoor"]
        subprocess.run(cli, env=environment, check=True, capture_output=True)
        yield environment


@pytest.fixture(scope="session")
def migrated_environment():
    """The environment of processes whose database has its tables and nothing in them."""
    return prepared_databases.installed_environment() | prepared_databases.migrated()


@contextmanager
def postgresql_database(template="template1"):
    """The URL of a new database beside the one of the tests, a copy of the template."""
    name, server = f"own_{secrets.token_hex(4)}", os.environ["MILEPOST_DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.rpartition("/")[0] + "/" + name
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def bucket():
    """A bucket in a real server that speaks the protocol of S3, with its host and port."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {"aws_access_key_id": "key", "aws_secret_access_key": "a/secret", "region_name": "eu-west-3"}
    s3 = boto3.resource("s3", endpoint_url=f"http://{host}:{port}", **access)
    name = f"files-{uuid4()}"  # servers of one process share what they keep
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    yield s3.Bucket(name), host, port
    server.stop()


@pytest.fixture
def store(bucket, settings, tmp_path):
    """The bucket, in which files lie as `MILEPOST_FILES` says."""
    from milepost.config import environment

    made, host, port = bucket
    variables = {
        "MILEPOST_DATA": str(tmp_path / "of-store"),
        "MILEPOST_FILES": f"s3://key:a%2Fsecret@{host}:{port}/{made.name}/milepost?region=eu-west-3&tls=no",
    }
    settings.STORAGES = settings.STORAGES | {"default": environment.read(variables).files}
    assert type(storages["default"]).__name__ == "Bucket"
    yield made
    made.objects.all().delete()
