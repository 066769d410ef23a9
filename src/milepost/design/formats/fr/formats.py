"""French as Django has it, with a word between a day and its hour."""

DATETIME_FORMAT = r"j F Y \à H:i"
