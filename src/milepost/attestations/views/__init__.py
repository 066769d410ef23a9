"""Pages of attestations."""
