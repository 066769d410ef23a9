"""The pages of live sessions, a module for each person who looks at them."""
