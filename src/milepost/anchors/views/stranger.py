"""For whoever has something that an organisation signed: its keys, its newest head, the hashes under it, and the program that checks."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from milepost.anchors import publishing
from milepost.core.http import download
from milepost.core.openness import Whom, open_to
from milepost.journal import checkpoints, log_keys
from milepost.journal.models import KeyRevocation, SigningKey
from milepost.people.models import Organisation

FOR_EVER = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=300"
NOW = "public, max-age=5"


@open_to(Whom.EVERYBODY, "an organisation’s keys and newest head, for whoever has something that it signed")
@require_GET
def log(request: HttpRequest, organisation_uid: str) -> HttpResponse:
    """The page in plain words."""
    organisation = get_object_or_404(Organisation, uid=organisation_uid)
    keys = SigningKey.objects.filter(organisation_id=organisation.pk).order_by("-pk")
    revoked = {one.key_id: one for one in KeyRevocation.objects.filter(key__in=keys)}
    newest = publishing.newest(organisation)
    context = {
        "of": organisation,
        "keys": [(key, revoked.get(key.pk)) for key in keys],
        "newest": newest,
        "line": checkpoints.line_of(newest) if newest else "",
        "vkey": log_keys.verifier_key(newest.key) if newest else "",
        "witnesses": publishing.cosigned_by(organisation),
        "verify_sha256": publishing.verify_program()[1],
    }
    return render(request, "anchors/log.html", context)


@open_to(Whom.EVERYBODY, "public keys, and who handed over to whom")
@require_GET
def keys(request: HttpRequest, organisation_uid: str) -> HttpResponse:
    """The same for programs."""
    return _published(publishing.keys_of(get_object_or_404(Organisation, uid=organisation_uid)))


@open_to(Whom.EVERYBODY, "the signed head of a journal, which says nothing of what is in it")
@require_GET
def checkpoint(request: HttpRequest, organisation_uid: str) -> HttpResponse:
    """The newest checkpoint with its cosignatures (C2SP tlog-tiles)."""
    newest = publishing.newest(get_object_or_404(Organisation, uid=organisation_uid))
    if newest is None:
        raise Http404
    return _bytes(str(checkpoints.cosigned(newest)).encode(), "text/plain; charset=utf-8", NOW)


@open_to(Whom.EVERYBODY, "hashes, each of which hides what it stands for")
@require_GET
def tile(request: HttpRequest, organisation_uid: str, level: int, place: str) -> HttpResponse:
    """Up to 256 hashes of one level of the tree (C2SP tlog-tiles)."""
    organisation = get_object_or_404(Organisation, uid=organisation_uid)
    hashes = publishing.tile(organisation.pk, level, place)
    if hashes is None:
        raise Http404
    return _bytes(hashes, "application/octet-stream", FOR_EVER)


@open_to(Whom.EVERYBODY, "refuses everybody: entries are personal data")
@require_GET
def entries(request: HttpRequest, organisation_uid: str, place: str) -> HttpResponse:
    """Where other logs have their entries."""
    words = (
        "Entries of this log are personal data and are not published. Whoever may see one has its proof from there.\n"
    )
    return HttpResponse(words, status=403, content_type="text/plain; charset=utf-8")


@open_to(Whom.EVERYBODY, "the program that checks what Milepost gave out; it is published software")
@require_GET
def verify_program(request: HttpRequest) -> HttpResponse:
    """`verify.pyz`, to the byte."""
    response = download(publishing.verify_program()[0], name="verify.pyz", content_type="application/x-python-zipapp")
    response.headers["Cache-Control"] = A_WHILE
    return response


@open_to(Whom.EVERYBODY, "where the program that checks is found now")
@require_GET
def verify_program_before(request: HttpRequest) -> HttpResponse:
    """The address that earlier releases named."""
    return redirect("verify_program", permanent=True)


@open_to(Whom.EVERYBODY, "where what this installation publishes is found")
@require_GET
def found(request: HttpRequest) -> HttpResponse:
    """What programs begin with: `/.well-known/milepost.json`."""
    at = settings.BASE_URL
    said = {
        "verify": {"address": at + reverse("verify_program"), "sha256": publishing.verify_program()[1]},
        "log": f"{at}/log/{{organisation}}/",
        "checkpoint": f"{at}/log/{{organisation}}/checkpoint",
        "keys": f"{at}/log/{{organisation}}/keys.json",
    }
    if vkey := publishing.witness_vkey():
        said["witness"] = {"address": f"{at}/witness", "vkey": vkey}
    return _published(said)


def _published(content: object) -> HttpResponse:
    return _for_all(JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1}), A_WHILE)


def _bytes(content: bytes, content_type: str, kept: str) -> HttpResponse:
    return _for_all(HttpResponse(content, content_type=content_type), kept)


def _for_all(response: HttpResponse, kept: str) -> HttpResponse:
    """For monitors and verifiers of other sites."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = kept
    return response
