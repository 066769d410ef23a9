import pytest

from milepost.core.prepared import Prepared
from milepost.people.models import Member
from tests.worlds import make_people

pytestmark = pytest.mark.django_db
named = Prepared(
    lambda organisation, name: Member.objects.filter(organisation=organisation, given_name=name).select_related(
        "site", "manager"
    ),
    organisation=int,
    name=str,
)


@pytest.fixture
def people(organisation):
    make_people(organisation, 20)
    return organisation


def test_it_finds_what_the_queryset_finds(people):
    for number in range(20):
        name = f"Given{number}"
        expected = Member.objects.filter(organisation=people, given_name=name).select_related("site", "manager")
        assert named.all(organisation=people.pk, name=name) == list(expected)
        assert named.get(organisation=people.pk, name=name).site.name == expected[0].site.name


def test_what_is_not_there_is_none(people):
    assert named.get(organisation=people.pk, name="Nobody") is None
    assert named.all(organisation=people.pk + 1, name="Given1") == []


def test_values_are_values_and_never_sql(people):
    assert named.all(organisation=people.pk, name="' OR 1=1 --") == []


def test_objects_are_as_complete_as_any(people, django_assert_num_queries):
    with django_assert_num_queries(1):
        member = named.get(organisation=people.pk, name="Given3")
        assert (member.email, member.site.name, member.manager) == ("n3@aldermoor.example", "Site 3", None)
    member.job_title = "Fitter"
    member.save()
    assert named.get(organisation=people.pk, name="Given3").job_title == "Fitter"


def test_it_is_run_once_a_call_without_being_compiled_again(people, django_assert_num_queries):
    named.get(organisation=people.pk, name="Given1")
    with django_assert_num_queries(3):
        for number in range(3):
            named.get(organisation=people.pk, name=f"Given{number}")
