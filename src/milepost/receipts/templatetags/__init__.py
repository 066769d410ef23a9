"""Filters of the pages of receipts."""
