"""The languages of Milepost, in this one place. A further one is a line here and its catalogues (`make messages`).

Everything else asks `settings.LANGUAGES`; this module is for whoever can't wait for Django.
"""

SOURCE = "en"  # in which the texts are written
LANGUAGES = [(SOURCE, "English"), ("fr", "Français")]
CODES = [code for code, _name in LANGUAGES]
