"""What others read of journals, and ask of this installation, by who asks."""
