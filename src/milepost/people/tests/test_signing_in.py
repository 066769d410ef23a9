from django.test import Client


def test_a_broken_address_to_go_on_to_is_no_fault(db):
    assert Client().get("/accounts/login/?next=http://[::1").status_code == 200
