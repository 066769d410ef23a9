"""French as Django has it, with a word between a day and its hour, and hours as the rules of typography have them: 9 h 05."""

TIME_FORMAT = "G\xa0\\h\xa0i"
DATETIME_FORMAT = f"j F Y \\à {TIME_FORMAT}"
