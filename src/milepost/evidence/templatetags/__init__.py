"""Tags for evidence."""
