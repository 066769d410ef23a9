"""The parts of `make bench`: what is prepared and measured inside Django, over HTTP, and under load."""
