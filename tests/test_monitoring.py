"""What programs are told of the installation, and what strangers are not; what each request leaves in the log."""

import json
import logging
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from milepost.config import monitoring
from milepost.core import clock, links, logs, traces
from milepost.core.jobs import job, run_all
from milepost.core.models import Job
from milepost.core.probes import Probe, probes
from milepost.journal import measures, second_memory
from milepost.journal.models import Seal, Tree
from milepost.journal.sealing import seal
from milepost.learning.enrolling import enrol
from tests.worlds import make_member

TOKEN = "a-token-for-monitoring"


@pytest.fixture(autouse=True)
def monitored(settings, monkeypatch):
    settings.MONITORING_TOKEN, settings.MONITORING_NETWORKS = TOKEN, ["10.0.0.0/8"]
    monkeypatch.setattr(monitoring, "KEPT", 0.0)
    monitoring._readings.said = {}


@pytest.fixture
def stranger():
    return Client(REMOTE_ADDR="203.0.113.9")


@pytest.fixture
def monitor():
    return Client(headers={"Authorization": f"Bearer {TOKEN}"}, REMOTE_ADDR="203.0.113.9")


def test_whether_it_lives_is_asked_by_any_name_and_touches_no_database(stranger):
    assert stranger.get("/healthz", headers={"Host": "10.2.3.4"}).content == b"ok"  # a test without `db` may touch none
    assert stranger.post("/healthz").status_code == 405


def test_a_stranger_learns_that_it_is_ready_and_nothing_else(db, stranger, monitor):
    assert stranger.get("/readyz").json() == {"ok": True}
    told = monitor.get("/readyz").json()
    assert told["probes"].keys() >= {"database", "disk", "jobs", "clock", "facts", "journals", "authority", "mails"}
    assert told["probes"]["database"]["value"] < told["probes"]["database"]["bound"]
    assert stranger.get("/metrics").status_code == 401
    assert stranger.get("/readyz", headers={"Authorization": "Bearer another-token"}).json() == {"ok": True}
    assert "probes" in Client(REMOTE_ADDR="10.1.2.3").get("/readyz").json()


def test_a_probe_of_any_room_says_no_and_is_not_asked_by_a_balancer(db, stranger, monitor):
    def fail():
        raise ConnectionError("the greenhouse is on fire")

    with probes.holding("greenhouse", Probe(fail, bound=1.0)):
        answer = stranger.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ok": False})
        assert monitor.get("/readyz").json()["probes"]["greenhouse"]["trouble"] == (
            "ConnectionError: the greenhouse is on fire"
        )
        assert stranger.get("/readyz?for=serving").status_code == 200


def test_whoever_asks_often_is_told_the_same(db, stranger, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(monitoring, "KEPT", 60.0)
    monkeypatch.setattr(monitoring._readings, "until", 0.0)
    stranger.get("/readyz")
    with django_assert_num_queries(0):
        assert stranger.get("/readyz").status_code == 200


@job(queue="files")
def nothing() -> None:
    """Nothing."""


def test_work_that_nobody_does_is_noticed(db, monitor):
    nothing.enqueue()
    Job.objects.update(run_after=clock.now() - timedelta(minutes=20))
    waits = monitor.get("/readyz").json()["probes"]["jobs"]
    assert not waits["ok"]
    assert waits["value"] == pytest.approx(1200, abs=30)


def test_a_fact_that_no_seal_covers_is_noticed_and_one_that_tells_of_the_past_is_not(world):
    seal(world.organisation.pk)
    assert measures.oldest_unsealed_fact() is None
    with clock.at(clock.now() + timedelta(minutes=10)):
        enrol(member=make_member(world.organisation, "anna"), course=world.course, by=world.lead)
    with clock.at(clock.now() + timedelta(minutes=16)):
        assert measures.oldest_unsealed_fact() == pytest.approx(360, abs=5)
        seal(world.organisation.pk)
    with clock.at(clock.now() - timedelta(days=400)):  # as an import tells of last year
        enrol(member=make_member(world.organisation, "bert"), course=world.course, by=world.lead)
    with clock.at(clock.now() + timedelta(minutes=17)):
        assert measures.oldest_unsealed_fact() == pytest.approx(60, abs=5)


@pytest.mark.parametrize("fault", ["tree", "memory"])
def test_a_journal_that_does_not_hold_is_told_of_by_the_worker_that_seals_it(world, visit, monitor, fault):
    lead, organisation = visit(world.lead), world.organisation
    run_all()
    assert monitor.get("/readyz").json()["probes"]["journals"] == {
        "ok": True, "value": 0.0, "bound": 0.0, "unit": "organisations"
    }  # fmt: skip
    {"tree": damage_tree, "memory": remember_another}[fault](organisation)
    enrol(member=make_member(organisation, "anna"), course=world.course, by=world.lead)
    run_all()
    assert monitor.get("/readyz").json()["probes"]["journals"]["value"] == 1
    assert "milepost journal verify" in lead.get(reverse("failed_jobs", args=["aldermoor"])).text
    assert (Seal.objects.filter(organisation_id=organisation.pk).count() == 2) == (fault == "memory")


def damage_tree(organisation):
    Tree.objects.filter(organisation_id=organisation.pk).update(size=F("size") - 1)


def remember_another(organisation):
    """The database was put back to an earlier state, and the memory of seals was not."""
    newest = Seal.objects.filter(organisation_id=organisation.pk).select_related("key").last()
    head = json.loads(newest.statement) | {"size": newest.size + 5000}
    with second_memory._path(newest.key.fingerprint).open("a") as file:
        file.write(json.dumps({"seal": json.dumps(head), "signature": ""}) + "\n")


@pytest.fixture
def lines(caplog):
    """What the requests left in the log, as a collector of JSON reads it."""
    logger = logging.getLogger("milepost.requests")
    written, form = [], logging.Handler()
    form.emit = lambda record: written.append(json.loads(logs.JSONFormatter().format(record)))
    logger.addHandler(form)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(form)
    logger.setLevel(logging.WARNING)


def test_a_request_leaves_one_line_that_says_whose_it_was(world, visit, lines):
    answer = visit(world.learner).get("/aldermoor/")
    [line] = lines
    assert line["request"] == answer["X-Request-ID"]
    assert (line["organisation"], line["person"]) == (str(world.organisation.uid), str(world.learner.uid))
    assert line["status"] == 200
    assert line["milliseconds"] > 0
    assert line["view"] != "none"


def test_a_personal_link_is_not_in_it(db, stranger, lines):
    stranger.get("/sign/AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB/")
    assert lines[0]["message"] == "GET /sign/…/"


def test_its_number_is_taken_from_a_trusted_proxy_alone(db, stranger, settings):
    given = {"X-Request-ID": "number-of-the-proxy"}
    assert stranger.get("/", headers=given)["X-Request-ID"] != "number-of-the-proxy"
    settings.TRUSTED_PROXIES = 1
    assert stranger.get("/", headers=given)["X-Request-ID"] == "number-of-the-proxy"
    assert stranger.get("/", headers={"X-Request-ID": "a b\nc"})["X-Request-ID"] != "a b\nc"


def test_the_numbers_are_read_by_prometheus(db, monitor):
    parser = pytest.importorskip("prometheus_client.parser")
    nothing.enqueue()
    families = {family.name: family for family in parser.text_string_to_metric_families(monitor.get("/metrics").text)}
    [waiting] = [sample for sample in families["milepost_jobs"].samples if sample.labels["queue"] == "files"]
    assert (waiting.labels["state"], waiting.value) == ("waiting", 1.0)
    assert families["milepost_database_size_bytes"].samples[0].value > 100_000
    assert {sample.labels["probe"] for sample in families["milepost_probe_ok"].samples} == set(probes.names())


def test_traces_name_views_and_statements_and_no_address(world, stranger, monkeypatch):
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(traces, "_tracers", [provider.get_tracer("milepost")])
    token = links.token("sign", world.learner.uid)
    stranger.cookies["sessionid"] = "a" * 32
    stranger.get(f"/sign/{token}/")
    *statements, request = kept.get_finished_spans()
    assert request.name == "GET personal_link"
    assert {span.name for span in statements} >= {"select"}
    assert all(span.parent.span_id == request.context.span_id for span in statements)
    assert not any(token in json.dumps(dict(span.attributes)) for span in (*statements, request))


COUNT = """
from threading import Barrier, Thread
from milepost.core.metrics import Counter, Durations
both, all_ready = (Counter("a", "A.", "x"), Durations("b", "B.", "x")), Barrier(16)

def count():
    all_ready.wait()
    both[0].add("1")
    both[1].add("1", seconds=1.0)

threads = [Thread(target=count) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
from prometheus_client import CollectorRegistry, multiprocess, generate_latest
registry = CollectorRegistry()
multiprocess.MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def test_threads_that_count_the_first_of_something_at_once_count_it_all(tmp_path):
    pytest.importorskip("prometheus_client")
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COUNT], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert 'milepost_a_total{x="1"} 16.0' in done.stdout
    assert 'milepost_b_count{x="1"} 16.0' in done.stdout
