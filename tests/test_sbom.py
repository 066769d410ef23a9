"""The list of all that a release holds: valid CycloneDX, complete, and the same for the same sources."""

import json
import re

import pytest
import sbom
import vendor
import vendor_fonts


@pytest.fixture(scope="module")
def bom():
    return json.loads(sbom.text())


def test_it_holds_to_the_schema_of_cyclonedx():
    from cyclonedx.schema import SchemaVersion  # which takes a second, whichever tests are asked for
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.text()) is None


def test_the_same_sources_give_the_same_bytes_which_name_no_day():
    assert sbom.text() == sbom.text()
    assert "timestamp" not in sbom.text()


def test_every_package_of_the_lock_is_in_it_with_its_version_and_who_needs_it(bom):
    pins = set(re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^ ;\\]+)", sbom.LOCK.read_text(), re.MULTILINE))
    python = {(each["name"], each["version"]) for each in bom["components"] if each["purl"].startswith("pkg:pypi/")}
    assert python == pins
    assert len(pins) > 50
    needed = {ref for each in bom["dependencies"] for ref in each["dependsOn"]}
    assert {each["bom-ref"] for each in bom["components"]} == needed  # nothing is there that nobody needs
    django = next(each for each in bom["dependencies"] if each["ref"].startswith("pkg:pypi/django@"))
    assert {ref.split("/")[1].partition("@")[0] for ref in django["dependsOn"]} >= {"asgiref", "sqlparse"}


def test_every_vendored_file_is_in_it_with_its_hash_and_every_source_with_its_licence(bom):
    files = {part["name"] for each in bom["components"] for part in each.get("components", [])}
    there = [
        *(path for path in (vendor.TARGET / "vendor").iterdir() if path.is_file()),
        *(vendor.TARGET / "icons").iterdir(),
        *vendor_fonts.TARGET.glob("*.ttf"),
        vendor.COMMON,
    ]
    assert files == {path.resolve().relative_to(sbom.ROOT).as_posix() for path in there}
    assert all(part["hashes"] for each in bom["components"] for part in each.get("components", []))
    assert set(sbom.LICENCES) == set(vendor.PACKAGES) - sbom.FOR_TESTS


def test_what_is_installed_says_its_licence(bom):
    silent = {each["name"] for each in bom["components"] if "licenses" not in each}
    installed = {name for name in silent if _is_installed(name)}
    assert installed == set()


def _is_installed(name):
    try:
        return bool(sbom.metadata(name))
    except sbom.PackageNotFoundError:
        return False


def test_a_font_of_which_nobody_said_where_it_is_from_is_noticed(monkeypatch, tmp_path):
    (tmp_path / "Stray.ttf").write_bytes(b"")
    monkeypatch.setattr(vendor_fonts, "TARGET", tmp_path)
    with pytest.raises(LookupError, match="Stray"):
        sbom.contents()
