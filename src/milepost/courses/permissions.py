"""What can be permitted about courses. A grant may name one course: the kind of scope is learning's, which knows its people."""

from django.utils.translation import gettext_lazy as _

from milepost.people.permissions import Permission
from milepost.people.roles import Role
from milepost.people.scopes import PEOPLE

COURSE = "course"  # what a permission is about that can be held for one course, and the kind of that scope

SEE_COURSES = Permission("see_courses", _("see courses"), about=PEOPLE, roles=(Role.LEAD, Role.AUTHOR), reads=True)
SEE_DRAFTS = Permission(
    "see_drafts",
    _("see the files of courses and take them along"),
    about=COURSE,
    roles=(Role.LEAD, Role.AUTHOR),
    reads=True,
)
AUTHOR_COURSES = Permission(
    "author_courses", _("write and publish courses"), about=COURSE, roles=(Role.LEAD, Role.AUTHOR)
)
