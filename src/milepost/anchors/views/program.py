"""For logs of others, whose witness this installation is (C2SP tlog-witness 1.0), and for those who watch over them."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from milepost.anchors import witnessing
from milepost.core.openness import Whom, open_to
from milepost.journal.notes import MOST
from milepost.people.limits import is_over_limit

MOST_BYTES = MOST + 8 * 1024  # with the proof before the note


@open_to(Whom.EVERYBODY, "cosigns the checkpoint of a log that the operator named, which shows its signature in it")
@csrf_exempt  # never: exempting (what is sent carries a signature; no cookie counts)
@require_POST
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Our signature on it, or a status that says why not."""
    if is_over_limit(request, "add-checkpoint"):
        return _said(witnessing.NotCosigned(429, "Too many requests from this address: wait a minute."))
    try:
        if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
            raise witnessing.NotCosigned(413, f"No request to cosign has more than {MOST_BYTES} bytes.")
        return HttpResponse(witnessing.add_checkpoint(request.body), content_type=witnessing.TEXT)
    except witnessing.NotCosigned as why:
        return _said(why)
    except RawPostDataException:
        return _said(witnessing.NotCosigned(400, "A form was sent instead of a checkpoint."))


def _said(why: witnessing.NotCosigned) -> HttpResponse:
    """A size as the specification has it, any other reason as problem details (RFC 9457)."""
    if why.status == 409:
        return HttpResponse(f"{why}\n", status=409, content_type=witnessing.SIZE)
    content = {"title": str(why), "status": why.status}
    response = JsonResponse(content, status=why.status, content_type="application/problem+json")
    if why.status in (429, 503):
        response.headers["Retry-After"] = "60"
    return response


@open_to(Whom.EVERYBODY, "the newest checkpoint that was cosigned here of a log that the operator named")
@require_GET
def witnessed(request: HttpRequest, origin_sha256: str) -> HttpResponse:
    """It, with the signatures of its log and of this witness."""
    note = witnessing.newest(origin_sha256)
    if note is None:
        raise Http404
    return HttpResponse(note, content_type=witnessing.TEXT, headers={"Cache-Control": "public, max-age=5"})
