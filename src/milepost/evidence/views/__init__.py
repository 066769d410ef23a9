"""The pages of evidence, by the person who looks."""
