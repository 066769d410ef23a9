"""Where static files come from: hashed, compressed, with the imports between JavaScript modules hashed too."""

from functools import cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names inside modules make an import map (an inline script) unnecessary."""

    support_js_module_import_aggregation = True
    manifest_strict = True

    @cache  # noqa: B019 - one storage a process, and its files stay as they are while it runs
    def url(self, name: str, force: bool = False) -> str:
        """The hashed address of a file; a page asks for ten of them."""
        address: str = super().url(name, force=force)
        return address
