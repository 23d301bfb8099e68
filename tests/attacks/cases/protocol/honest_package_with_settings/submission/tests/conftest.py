import pytest


@pytest.fixture
def net():
    from digits import Net

    return Net()
