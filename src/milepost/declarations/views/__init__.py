"""Pages of declarations, by the person who looks."""
