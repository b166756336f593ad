"""What pages say in states that are seldom seen."""

import pytest

from tests.web.states import states


@pytest.fixture
def shown(app, applicant, registration_officer, supervisor, sign_in):
    """Name of a state to the text of its page."""
    clients = {
        "nobody": app.test_client(),
        "applicant": sign_in(applicant),
        "supervisor": sign_in(supervisor),
    }
    return {
        seen.name: clients[seen.role].get(seen.path.format(lang="en")).text
        for seen in states(app, sign_in, applicant, registration_officer)
    }


def test_each_state_is_called_by_its_name(shown):
    assert "Destroyed" in shown["case-lapsed"]
    assert "Being checked" not in shown["case-lapsed"]
    assert "Could not be drawn" in shown["batches-failed"]
    assert "In work" not in shown["batches-failed"]
    assert "or instead: List of partners" in shown["documents-refused"]
    assert "See your entry in the register" in shown["status-registered"]
    assert "Its documents were destroyed" in shown["status-lapsed"]
    assert "Start a new application" in shown["status-declined"]
