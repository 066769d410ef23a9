"""Tags for the addresses of learning."""
