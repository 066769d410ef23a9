import pytest

from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.documents.requesting import Terms, request_signatures
from milepost.documents.tests.agreements import TWO, VALUES


@pytest.fixture
def agreement(organisation, lead):
    return compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)


@pytest.fixture
def asked(agreement, lead):
    return request_signatures(document=agreement, parties=TWO, terms=Terms(), by=lead)
