"""Pages of this room, by who looks."""
