"""`milepost files check`."""

from pathlib import Path

from click.testing import CliRunner
from django.core.files.storage import default_storage

from milepost.cli import cli
from milepost.core import blobs


def test_the_command_names_what_is_wrong_and_ends_with_status_1(organisation):
    organisation.logo = blobs.store(organisation.uid, b"logo")
    organisation.save()
    assert CliRunner().invoke(cli, ["files", "check"]).exit_code == 0
    Path(default_storage.path(blobs.path_of(organisation.uid, organisation.logo))).write_bytes(b"lo")
    result = CliRunner().invoke(cli, ["files", "check", "--organisation", organisation.slug])
    assert result.exit_code == 1
    assert f"aldermoor: damaged: {organisation.logo}" in result.stderr
    assert "aldermoor: 0 hold, 0 missing, 1 damaged, 0 unreferenced (0 removed)." in result.stdout
