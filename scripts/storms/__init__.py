"""The parts of `make storm`: the machine and who keeps it up, what goes wrong, the people who learn meanwhile, and what is there afterwards."""
