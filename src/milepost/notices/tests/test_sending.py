"""What the outbox promises, at a real mail server that counts."""

import time
from contextlib import suppress
from datetime import timedelta
from threading import Thread
from uuid import uuid4

import pytest

from milepost.core import clock
from milepost.core.breaker import Breaker
from milepost.core.jobs import run_all
from milepost.journal.recording import Reference
from milepost.notices import jobs
from milepost.notices.channels import Away, Delivery, channels
from milepost.notices.letters import Letter
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Outside, notify, withdraw
from milepost.notices.sending import PAUSES, forget_old, is_due, send_due
from milepost.notices.tests.conftest import use_server
from milepost.notices.tests.servers import close_in_the_middle, inbox
from milepost.notices.undelivered import leave_it, try_again, undelivered_in
from milepost.people.organisations import create_organisation
from tests.servers import drip, hang, trouble
from tests.worlds import make_member

pytestmark = pytest.mark.django_db
ABOUT = Reference("note", "1", "A note")


def states():
    return sorted(Notice.objects.values_list("state", flat=True))


def later(**pause):
    return clock.at(clock.now() + timedelta(**pause))


def test_each_person_gets_one_message_however_often_it_is_said(server, people, say):
    say(people)
    say(people)
    assert send_due() == 3
    say(people)
    assert send_due() == 0
    assert server.addresses == ["n0@aldermoor.example", "n1@aldermoor.example", "n2@aldermoor.example"]


def test_a_new_purpose_is_a_new_message(server, people, say):
    say(people[:1])
    say(people[:1], key="second")
    assert send_due() == 2
    assert len({message["Message-ID"] for message in server.messages}) == 2


def test_the_background_sends_it(server, people, say):
    say(people)
    run_all()
    assert len(server.messages) == 3
    assert run_all(jobs.send) == 0  # with nothing to do, the turn is not even taken


def test_an_address_that_is_refused_costs_nobody_else_a_message_or_a_copy(server, people, say):
    server.on_rcpt["n1@aldermoor.example"] = "550 5.1.1 no such mailbox"
    say(people)
    for _round in range(6):
        send_due()
    assert server.addresses == ["n0@aldermoor.example", "n2@aldermoor.example"]
    (kept,) = Notice.objects.undelivered()
    assert (kept.member, kept.attempts) == (people[1], 0)
    assert "550 5.1.1 no such mailbox" in kept.problem


def test_once_the_address_is_mended_it_is_tried_again(server, organisation, people, say):
    server.on_rcpt["n1@aldermoor.example"] = "550 no such mailbox"
    say(people[1:2])
    send_due()
    people[1].email = "nadia@aldermoor.example"
    people[1].save()
    (kept,) = undelivered_in(organisation)
    assert try_again(kept)
    assert not try_again(kept)
    send_due()
    assert server.addresses == ["nadia@aldermoor.example"]
    assert not undelivered_in(organisation)


def test_what_somebody_leaves_is_off_the_list(server, organisation, people, say):
    server.on_rcpt["n1@aldermoor.example"] = "550 no such mailbox"
    say(people[1:2])
    send_due()
    leave_it(undelivered_in(organisation)[0])
    assert not undelivered_in(organisation)


def test_one_bad_message_stops_no_other(server, organisation, people, say):
    """Faults that were: a message that can't be written stopped all of its kind, in every organisation."""
    say(people[:1], is_broken=True)
    other = create_organisation(slug="brightwater", name="Brightwater")
    say([*people[1:], make_member(other, "olga")])
    assert send_due() == 3
    waiting = Notice.objects.get(state="waiting")
    assert (waiting.member, waiting.attempts) == (people[0], 1)
    assert "attachment is not there" in waiting.problem


def test_a_bad_message_is_tried_again_with_growing_pauses_and_then_shown(server, organisation, people, say):
    say(people[:1], is_broken=True)
    instant, pauses = clock.now(), []
    for _attempt in range(len(PAUSES) + 1):
        with clock.at(instant):
            send_due()
            row = Notice.objects.get()
            pauses.append(row.due_at - instant)
            instant = row.due_at
    assert pauses[:-1] == PAUSES == sorted(PAUSES)
    assert undelivered_in(organisation)[0].state == "failed"


def test_what_has_lost_its_point_is_not_sent(server, people, say):
    say(people[:1], is_gone=True)
    people[1].left_on = clock.today()
    people[1].save()
    people[2].declined_at = clock.now()  # said no to the organisation
    people[2].save()
    say(people[1:])
    assert send_due() == 0
    assert states() == ["dropped", "dropped", "dropped"]


def test_a_temporary_refusal_is_tried_again_later(server, people, say):
    server.on_rcpt["n1@aldermoor.example"] = "451 4.7.1 greylisted, come back"
    say(people)
    assert send_due() == 2
    assert send_due() == 0
    del server.on_rcpt["n1@aldermoor.example"]
    with later(seconds=61):
        assert send_due() == 1
    assert server.addresses == ["n0@aldermoor.example", "n1@aldermoor.example", "n2@aldermoor.example"]


def test_words_that_a_server_will_not_take_are_shown_and_not_tried_for_ever(server, people, say):
    server.on_data["n0@aldermoor.example"] = "554 looks like spam"
    say(people)
    assert send_due() == 2
    assert "554 looks like spam" in Notice.objects.undelivered().get().problem


def test_a_server_that_does_not_want_us_refuses_nobody_in_particular(server, people, say):
    server.on_mail = "550 who are you"
    say(people)
    assert send_due() == 0
    assert states() == ["waiting"] * 3
    server.on_mail = ""
    with later(seconds=30):
        assert send_due() == 3


def test_a_server_that_is_away_costs_nobody_a_message(settings, people, say):
    with trouble(hang) as port:
        pass  # nobody listens any more
    use_server(settings, port)
    say(people)
    assert send_due() == 0
    assert set(Notice.objects.values_list("state", "attempts")) == {("waiting", 0)}
    with inbox(port=port) as server, later(seconds=60):
        assert send_due() == 3
    assert len(server.messages) == 3


@pytest.mark.parametrize("behaviour", [drip, hang])
def test_a_server_that_drips_or_hangs_is_left_alone_after_a_bound(settings, people, say, behaviour):
    with trouble(behaviour) as port:
        use_server(settings, port, patience=0.5)
        say(people)
        begun = time.monotonic()
        assert send_due() == 0
        assert time.monotonic() - begun < 2
        begun = time.monotonic()
        assert send_due() == 0  # not asked again so soon
        assert time.monotonic() - begun < 0.3
    assert states() == ["waiting"] * 3


def test_the_pauses_for_a_server_in_trouble_grow(db):
    breaker, pauses = Breaker("mail.example.org", first=5, longest=600), []
    for _failure in range(9):
        breaker.failed("it hangs")
        pauses.append(round(breaker.pause))
    assert pauses[:4] == [5, 10, 20, 40]
    assert pauses[-1] == 600
    breaker.succeeded()
    assert breaker.pause == 0


def test_a_message_that_may_have_arrived_says_so(settings, people, say):
    with trouble(close_in_the_middle) as port:
        use_server(settings, port)
        say(people[:1])
        assert send_due() == 0
    row = Notice.objects.get()
    assert (row.state, row.may_be_twice, row.attempts) == ("waiting", True, 1)
    with inbox(port=port) as server, later(seconds=120):
        assert send_due() == 1
    assert server.messages[0]["Message-ID"].startswith(f"<{row.uid}@")


def test_what_a_worker_held_that_is_gone_is_sent_by_the_next(server, people, say):
    say(people)
    gone = {"state": "sending", "leased_by": people[0].uid, "leased_until": clock.now() - timedelta(seconds=1)}
    Notice.objects.update(**gone)
    Notice.objects.filter(member=people[2]).update(handed_over_at=clock.now())
    with later(seconds=61):
        assert send_due() == 3
    assert dict(Notice.objects.values_list("member", "may_be_twice")) == {
        people[0].pk: False,
        people[1].pk: False,
        people[2].pk: True,
    }


def test_a_worker_that_lost_its_lease_sends_nothing(server, people, say, monkeypatch):
    from milepost.notices import sending

    def stolen(rows):
        Notice.objects.update(leased_by=people[0].uid)
        handed_over(rows)

    handed_over = sending._hand_over
    monkeypatch.setattr(sending, "_hand_over", stolen)
    say(people[:1])
    assert send_due() == 0
    assert not server.messages


def test_ten_thousand_of_one_organisation_do_not_hold_up_one_of_another(server, organisation, people, say):
    for number in range(20):
        say(people, key=str(number))
    other = create_organisation(slug="brightwater", name="Brightwater")
    say([make_member(other, "olga")])
    assert send_due() == 61
    sent = [message["To"] for message in server.messages]
    assert sent.index("olga@brightwater.example") < 2


def test_many_are_told_in_few_statements(organisation, people, say, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        for_each = [Outside(organisation, f"n{number}@outside.example") for number in range(10_000)]
        from milepost.notices.outbox import Said, notify_many

        notify_many("note", (Said(to, ABOUT) for to in for_each))
    assert Notice.objects.count() == 10_000


def test_somebody_outside_is_one_recipient_however_they_write_their_address(server, organisation, note):
    for address in ("Kofi@Outside.example", "kofi@outside.example"):
        notify("note", to=Outside(organisation, address, "Kofi", "fr"), about=ABOUT)
    assert send_due() == 1
    assert "List-Unsubscribe" not in server.messages[0]


def test_what_waits_can_be_taken_back_for_something_newer(server, people, say):
    say(people[:1], title="Old")
    assert [one.data["title"] for one in withdraw("note", to=people[0], about=ABOUT)] == ["Old"]
    say(people[:1], key="second", title="New")
    assert send_due() == 1
    assert server.messages[0]["Subject"] == "A note: New"


def test_what_was_settled_long_ago_is_forgotten(server, people, say):
    say(people)
    send_due()
    assert forget_old() == 0
    with later(days=401):
        assert forget_old() == 3


def test_what_was_put_off_while_the_clock_was_ahead_does_not_wait_for_that_day(server, settings, people, say):
    say(people[:1])
    with later(days=400):
        say(people[1:2])
        with trouble(hang) as port:
            pass
        use_server(settings, port)
        assert send_due() == 0  # nobody is there: both are put off
    use_server(settings, server.port)
    assert is_due()
    assert send_due() == 2
    assert not is_due()


def test_what_a_worker_took_while_the_clock_was_ahead_is_taken_back_soon(server, people, say):
    say(people[:1])
    ahead = clock.now() + timedelta(days=400)
    Notice.objects.update(state="sending", leased_by=people[0].uid, leased_until=ahead)
    send_due()
    with later(minutes=3):
        assert send_due() == 1


def test_a_server_that_hangs_leaves_one_thread_to_those_who_only_read(settings, organisation):
    """As many wait for it as may; who comes then is told so at once."""
    with trouble(hang) as port:
        use_server(settings, port, patience=2.5)
        to, begun, waited = Recipient("", "", "n0@aldermoor.example", "en", "UTC"), time.monotonic(), []

        def wait():
            with suppress(Away):
                channels.get("email").send(Delivery(uuid4(), to, organisation, Letter("A note", ["Hello."])))
            waited.append(time.monotonic() - begun)

        threads = [Thread(target=wait) for _each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert waited[0] < 2 < waited[1]
