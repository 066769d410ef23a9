"""The cost of one learner's pages while the organisation grows to a million enrolments."""

import statistics

from django.conf import settings
from django.db import connection

from benchmark.peer import taken_in, twenty_activities
from benchmark.rows import Row, timed
from milepost.core import clock
from milepost.courses.files import InMemory
from milepost.courses.models import Course
from milepost.learning.enrolling import enrol_many
from milepost.people.models import Member, User
from milepost.people.organisations import create_organisation


def sizes() -> list[Row]:
    """The cost of one learner's pages while the organisation grows to a million enrolments."""
    from django.test import Client

    settings.ALLOWED_HOSTS.append("testserver")
    organisation = create_organisation(slug="large", name="Large")
    course = taken_in(organisation, InMemory(twenty_activities()))
    member = Member.objects.create(
        organisation=organisation,
        email="one@large.example",
        given_name="One",
        family_name="Learner",
        user=User.objects.create_user("one@large.example"),
    )
    enrol_many(members=Member.objects.filter(organisation=organisation), course=course)
    client = Client()
    client.force_login(member.user)
    page = "/large/learn/twenty/00-module/00-page/"
    rows, grown = [], 1
    for size in (1_000, 10_000, 100_000, 1_000_000):
        grow(course, size - grown)
        grown = size
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for _warm in range(5):
            client.get(page)
        times = sorted(timed(lambda: client.get(page)) for _ in range(100))
        rows.append(
            {
                "work": f"activity page among {size:,} enrolments, in process",
                "median": statistics.median(times),
                "p99": times[98],
                "unit": "ms",
            }
        )
    return rows


def grow(course: Course, count: int) -> None:
    """Add people and their enrolments by SQL: their making is not what is measured."""
    begun = Member.objects.filter(organisation=course.organisation_id).count()
    series = {
        "postgresql": "SELECT generate_series(1, %s) AS n",
        "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %s) SELECT n FROM s",
    }[connection.vendor]
    uid = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO people_member (uid, organisation_id, email, given_name, family_name, seniority, job_title, relation,
            language, time_zone, searchable) SELECT {uid}, %s, 'g' || (n + %s) || '@large.example', 'Given', 'Family' || n, '', '',
            'employee', '', '', 'given family' FROM ({series}) AS numbers""",  # noqa: S608
            [course.organisation_id, begun, count],
        )
        cursor.execute(
            """INSERT INTO learning_enrolment (organisation_id, member_id, course_id, version_id, enrolled_at, last_key, done, total)
            SELECT m.organisation_id, m.id, %s, %s, %s, '', 0, 20 FROM people_member m
            WHERE m.organisation_id = %s AND NOT EXISTS (SELECT 1 FROM learning_enrolment e WHERE e.member_id = m.id)""",
            [course.pk, course.published_id, clock.now(), course.organisation_id],
        )
