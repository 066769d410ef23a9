"""The classes of attacks: each yields what it tried, and whether that worked."""

from collections.abc import Callable

from attacks.holes import (
    attached_people,
    codes_walked_around,
    costly_files,
    files_by_their_hash,
    forms_that_say_nothing,
    learning_that_is_claimed,
    letters_that_stop_evidence,
    links_of_others,
    one_phone_for_two,
)
from attacks.intruders import (
    accounts_by_guess,
    across_organisations,
    across_roles,
    forged_hosts,
    forged_requests,
    formulas_in_exports,
    open_redirects,
    scripts_in_pages,
    stolen_sessions,
)
from attacks.target import Attempts, Target

CLASSES: dict[str, Callable[[Target], Attempts]] = {
    "across organisations": across_organisations,
    "across roles": across_roles,
    "forged requests (CSRF)": forged_requests,
    "scripts in pages (XSS)": scripts_in_pages,
    "formulas in exports": formulas_in_exports,
    "sessions fixed, changed, kept": stolen_sessions,
    "open redirects": open_redirects,
    "forged hosts": forged_hosts,
    "accounts by words and time": accounts_by_guess,
    "links of another kind, changed": links_of_others,
    "1 costly files": costly_files,
    "2, 3 people attached, roles moved": attached_people,
    "4, 8 codes walked around, guessed": codes_walked_around,
    "5 letters that stop evidence": letters_that_stop_evidence,
    "6 files by their hash": files_by_their_hash,
    "7 one phone for two": one_phone_for_two,
    "9 learning that is claimed": learning_that_is_claimed,
    "10 forms that say nothing": forms_that_say_nothing,
}
