"""Courses as files: reading and checking them, drafts, publishing, frozen versions.

Others may call `import_draft`, `export_to_zip`, `export_to_folder`, `publish`, read a `Version` through `outline_of` and `content_of`,
and register activity kinds with `kinds`. What must stay true: export gives back what was imported to the
byte; a version and the content it names never change (the database refuses it); what can't be read is refused
whole, with file and line, and changes nothing.
"""
