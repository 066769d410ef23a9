"""The shell: base templates, design tokens, navigation, static files, and the pages that belong to nobody."""
