"""Tags for entries of the journal."""
