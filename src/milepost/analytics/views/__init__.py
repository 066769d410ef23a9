"""The pages of a course's numbers; the L&D lead looks at them."""
