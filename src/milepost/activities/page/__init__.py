"""Pages: Markdown to read, completed by going on."""
