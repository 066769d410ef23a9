from milepost.evidence.tests.conftest import kept, lead, organisation, people

__all__ = ["kept", "lead", "organisation", "people"]
