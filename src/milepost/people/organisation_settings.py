"""What organisations decide about themselves: who they are, how they look, who certifies."""

from typing import Any

from django import forms
from django.conf import settings as installation
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import blobs
from milepost.core.public_holidays import countries
from milepost.core.sent_files import SentFileField
from milepost.people.colours import contrast
from milepost.people.models import Member, Organisation, validate_colour, validate_zone
from milepost.people.permissions import MANAGE_ROLES, sees_everybody
from milepost.people.roles import GIVEN
from milepost.people.settings import Page, Setting

IDENTITY = Page("identity", gettext_lazy("The organisation"))
SIGNING_IN = Page("signing-in", gettext_lazy("Signing in"))
LOOK = Page("look", gettext_lazy("How it looks"))

MAX_LOGO_BYTES = 512 * 1024
_LOGO_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
CONTROL = {"class": "form-control"}


def _words(label: Any, length: int, *, help_text: Any = "", required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        help_text=help_text,
        max_length=length,
        validators=[MaxLengthValidator(length)],
        widget=forms.TextInput(CONTROL),
    )


def validate_readable(colour: str) -> None:
    """White words stand on the colour, so it must reach 4.5:1 against white (WCAG 2.2, 1.4.3)."""
    validate_colour(colour)
    if (ratio := contrast(colour, "#ffffff")) < 4.5:
        words = _(
            "White words on this colour reach a contrast of %(ratio).1f to 1; people need 4.5. Choose a darker one."
        )
        raise ValidationError(words % {"ratio": ratio})


def validate_logo(file: UploadedFile[bytes]) -> None:
    """Refuse what is too large, and what is no picture that can be shown."""
    from milepost.core.pictures import UnreadablePicture, media_type  # brings Pillow, which few processes need

    if (file.size or 0) > MAX_LOGO_BYTES:
        raise ValidationError(_("The logo is larger than 512 kB. Save a smaller one."))
    file.seek(0)
    content = file.read()
    if not content.startswith(_LOGO_STARTS):
        raise ValidationError(_("The logo must be a PNG, JPEG or WebP picture."))
    try:
        vars(file)["media_type"] = media_type(content)
    except UnreadablePicture as refused:
        raise ValidationError(str(refused)) from refused


def _logo_columns(organisation: Organisation, file: UploadedFile[bytes] | None) -> dict[str, Any]:
    if file is None:  # the one that there is stays
        return {}
    file.seek(0)
    return {"logo": blobs.store(organisation.uid, file.read()), "logo_type": vars(file)["media_type"]}


NAME = Setting("name", _words(gettext_lazy("Name"), 120, required=True), "", IDENTITY, column="name")
LANGUAGE = Setting(
    "language",
    forms.ChoiceField(
        label=gettext_lazy("Language"), choices=installation.LANGUAGES, widget=forms.Select({"class": "form-select"})
    ),
    installation.LANGUAGE_CODE,
    IDENTITY,
    column="language",
)
TIME_ZONE = Setting(
    "time_zone",
    forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        validators=[validate_zone],
        widget=forms.TextInput(CONTROL | {"autocomplete": "off"}),
    ),
    "Europe/Paris",
    IDENTITY,
    column="time_zone",
)
COUNTRY = Setting(
    "country",
    forms.ChoiceField(
        label=gettext_lazy("Country"),
        choices=lambda: [("", _("By the time zone")), *countries()],
        required=False,
        help_text=gettext_lazy("Its public holidays are days on which nobody is expected to learn."),
        widget=forms.Select({"class": "form-select"}),
    ),
    "",
    IDENTITY,
)
POSTAL_ADDRESS = Setting(
    "postal_address", _words(gettext_lazy("Postal address"), 300), "", IDENTITY, column="postal_address"
)
REGISTRATION_NUMBER = Setting(
    "registration_number",
    _words(
        gettext_lazy("Registration number"),
        80,
        help_text=gettext_lazy("As a provider of training; in France the activity declaration number."),
    ),
    "",
    IDENTITY,
    column="registration_number",
)
CERTIFIER_NAME = Setting(
    "certifier_name",
    _words(
        gettext_lazy("Who represents it and certifies"),
        120,
        help_text=gettext_lazy(
            "Named on agreements and certificates; without a name, certificates show that of the organisation."
        ),
    ),
    "",
    IDENTITY,
    column="certifier_name",
)
CERTIFIER_QUALITY = Setting(
    "certifier_quality", _words(gettext_lazy("In which capacity"), 120), "", IDENTITY, column="certifier_quality"
)


def _decides_roles(member: Member) -> bool:
    """Who may give every role may say how its holders sign in."""
    return sees_everybody(member, MANAGE_ROLES)


SECOND_FACTOR_ROLES = Setting[list[str]](
    "second_factor_roles",
    forms.MultipleChoiceField(
        label=gettext_lazy("Roles that ask for a second factor"),
        choices=[(role.value, role.label) for role in GIVEN],
        required=False,
        help_text=gettext_lazy(
            "A passkey, or a code from an app after the password or the code by e-mail. Whoever holds such a role and has none "
            "is led to set it up at their next sign-in."
        ),
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    ),
    [],
    SIGNING_IN,
    column="second_factor_roles",
    may_change=_decides_roles,
)
SECOND_FACTOR_GRACE = Setting(
    "second_factor_grace",
    forms.IntegerField(
        label=gettext_lazy("Days in which their role works without one"),
        min_value=0,
        max_value=14,
        help_text=gettext_lazy(
            "From the sign-in at which they are asked; nothing makes them more for somebody whom they run for."
        ),
        widget=forms.NumberInput(CONTROL),
    ),
    7,
    SIGNING_IN,
    may_change=_decides_roles,
)
BRAND_COLOUR = Setting(
    "brand_colour",
    forms.CharField(
        label=gettext_lazy("Brand colour"),
        validators=[validate_readable],
        widget=forms.TextInput({"type": "color", "class": "form-control form-control-color"}),
    ),
    "#0f5c4d",
    LOOK,
    column="brand_colour",
)
CORNER_RADIUS = Setting(
    "corner_radius",
    forms.IntegerField(
        label=gettext_lazy("Corner radius, in pixels"), min_value=0, max_value=28, widget=forms.NumberInput(CONTROL)
    ),
    14,
    LOOK,
    column="corner_radius",
)
LOGO = Setting(
    "logo",
    SentFileField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("PNG, JPEG or WebP, square, up to 512 kB."),
        validators=[validate_logo],
        widget=forms.FileInput(CONTROL | {"accept": "image/png,image/jpeg,image/webp"}),
    ),
    "",
    LOOK,
    column="logo",
    as_columns=_logo_columns,
)

OWN = (
    NAME,
    LANGUAGE,
    TIME_ZONE,
    COUNTRY,
    POSTAL_ADDRESS,
    REGISTRATION_NUMBER,
    CERTIFIER_NAME,
    CERTIFIER_QUALITY,
    SECOND_FACTOR_ROLES,
    SECOND_FACTOR_GRACE,
    BRAND_COLOUR,
    CORNER_RADIUS,
    LOGO,
)
