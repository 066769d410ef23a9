"""Where static files come from: hashed, compressed, with the imports between JavaScript modules hashed too."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names inside modules make an import map (an inline script) unnecessary."""

    support_js_module_import_aggregation = True
    manifest_strict = True
