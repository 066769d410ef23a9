"""Dates as Europe writes them, whatever the language."""
