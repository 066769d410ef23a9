"""Pages of whoever checks a certificate at /verify/, and of wallets that look its issuer up.

No sign-in, no personal data but the file's own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core.openness import Whom, open_to
from milepost.core.sandbox import Unreadable
from milepost.core.sent_files import FileNotTaken, sent_file
from milepost.courses.models import Version
from milepost.credentials import badges, issuers, status_lists
from milepost.credentials.checking import Finding, Verdict, check_code, check_file
from milepost.credentials.facts import CERTIFICATE_SEALED
from milepost.credentials.models import CODE_LENGTH, StatusList, normal_code
from milepost.journal.models import Entry, SigningKey
from milepost.journal.views import proof_response
from milepost.people.limits import is_over_limit, refuse_over_limit
from milepost.people.models import Organisation

MAX_FILE = 10 * 1024 * 1024
VC_JWT = "application/vc+jwt"
STATUS_LIST_TYPES = [VC_JWT, "application/vc", "application/ld+json", "application/json"]
# For wallets and validators anywhere.
PUBLISHED = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=300",
}


def limited[F: Callable[..., HttpResponseBase]](view: F) -> F:
    """At most so many checks a minute from one address; more get 429, in words."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_over_limit(request, "verify"):
            return render(request, "credentials/verify.html", {"is_limited": True}, status=429)
        return view(request, *args, **kwargs)

    return cast(F, guarded)


@open_to(Whom.EVERYBODY, "says whether a certificate is genuine to whoever has it")
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponseBase:
    """Check a certificate by its code or by its file."""
    return _check(request) if request.method == "POST" else render(request, "credentials/verify.html")


@limited
def _check(request: HttpRequest) -> HttpResponseBase:
    if file := request.FILES.get("file"):
        try:
            file = sent_file(file, most=MAX_FILE, advice=_("Certificates are far smaller."))
            finding = check_file(file.read())
        except (FileNotTaken, Unreadable) as refused:
            return _asked_again(request, str(refused), status=refused.status)
        return _shown(request, finding, file_name=file.name or "")
    code = normal_code(request.POST.get("code", "")[:64])
    if len(code) != CODE_LENGTH:
        return _asked_again(
            request, _("A code has %(count)d letters and digits. Hyphens don’t matter.") % {"count": CODE_LENGTH}
        )
    return redirect("verify_code", code)


def _asked_again(request: HttpRequest, message: str, *, status: int = 400) -> HttpResponse:
    return render(request, "credentials/verify.html", {"problem": message}, status=status)


@open_to(Whom.EVERYBODY, "60 bits that stand on the certificate")
@limited
@require_GET
def verify_code(request: HttpRequest, code: str) -> HttpResponseBase:
    """What the certificate with this code is worth."""
    return _shown(request, check_code(code))


def _shown(request: HttpRequest, finding: Finding, *, file_name: str = "") -> HttpResponse:
    status = 404 if finding.verdict is Verdict.UNKNOWN and not file_name else 200
    return render(request, "credentials/verdict.html", {"finding": finding, "file_name": file_name}, status=status)


@open_to(Whom.EVERYBODY, "60 bits that stand on the certificate")
@limited
@require_GET
def proof(request: HttpRequest, code: str) -> HttpResponseBase:
    """The proof that the certificate's sealed file is in the issuer's journal, as JSON."""
    certificate = check_code(code).certificate
    if certificate is None:
        raise Http404
    facts = Entry.objects.filter(organisation_id=certificate.organisation_id, object_id=str(certificate.uid))
    entry = facts.filter(fact=CERTIFICATE_SEALED.name).order_by("-id").first()
    return proof_response(entry, name=f"{certificate.file_name}-proof.json")


@open_to(Whom.EVERYBODY, "who issues badges, as their standard wants it told")
@require_GET
def issuer(request: HttpRequest, organisation_uid: str) -> HttpResponse:
    """Who issues, as badges of earlier releases refer to it."""
    organisation = get_object_or_404(Organisation, uid=organisation_uid)
    return _published(issuers.profile(organisation, issuers.issuer_url(organisation)))


@open_to(Whom.EVERYBODY, "a public key")
@require_GET
def issuer_key(request: HttpRequest, organisation_uid: str, fingerprint: str) -> HttpResponse:
    """A public key of the issuer, as badges of earlier releases refer to it (JSON Web Key)."""
    organisation = get_object_or_404(Organisation, uid=organisation_uid)
    key = get_object_or_404(SigningKey, organisation_id=organisation.pk, fingerprint=fingerprint)
    address = f"{issuers.issuer_url(organisation)}keys/{key.fingerprint}/"
    return _published(issuers.public_jwk(key) | {"alg": issuers.ALGORITHM, "use": "sig", "kid": address})


@open_to(Whom.EVERYBODY, "who issues badges and the public keys, as did:web wants it told")
@require_GET
def issuer_did(request: HttpRequest, organisation_uid: str) -> HttpResponse:
    """The issuer’s DID document."""
    refuse_over_limit(request, "issuers")
    return _published(issuers.did_document(get_object_or_404(Organisation, uid=organisation_uid)))


@open_to(Whom.EVERYBODY, "public keys")
@require_GET
def issuer_key_set(request: HttpRequest, organisation_uid: str) -> HttpResponse:
    """All public keys of the issuer (JSON Web Key Set)."""
    refuse_over_limit(request, "issuers")
    return _published(issuers.key_set(get_object_or_404(Organisation, uid=organisation_uid)))


@open_to(Whom.EVERYBODY, "which badges are revoked: bits that name nobody")
@require_GET
def status_list(request: HttpRequest, organisation_uid: str, number: int) -> HttpResponse:
    """Which badges of the issuer are revoked: as a signed token, or as JSON with a proof for whoever asks for JSON."""
    refuse_over_limit(request, "issuers")
    lists = StatusList.objects.select_related("organisation")
    wanted = get_object_or_404(lists, organisation__uid=organisation_uid, number=number)
    media_type = request.get_preferred_type(STATUS_LIST_TYPES)
    if media_type in (None, VC_JWT):
        answer = HttpResponse(status_lists.as_token(wanted), headers=PUBLISHED, content_type=VC_JWT)
    else:
        answer = _published(status_lists.as_document(wanted), media_type)
    patch_vary_headers(answer, ["Accept"])
    return answer


@open_to(Whom.EVERYBODY, "what a badge is given for, as its standard wants it told")
@require_GET
def achievement(request: HttpRequest, organisation_uid: str, course: str, version: int) -> HttpResponse:
    """What was achieved, as badges refer to it. Only what a certificate says of a published version."""
    versions = Version.objects.filter(organisation__uid=organisation_uid, course__uid=course)
    published = get_object_or_404(versions.select_related("organisation"), number=version)
    content = {
        "course": str(course),
        "version": version,
        "title": published.title,
        "course_language": published.language,
        "objectives": published.outline["objectives"][:6],
    }
    return _published(badges.achievement(published.organisation, content))


def _published(content: dict[str, Any], media_type: str = "application/json") -> HttpResponse:
    return JsonResponse(content, headers=PUBLISHED, content_type=media_type)
