"""The JSON interface against its own description: whatever is sent, no answer is our failure or undescribed."""

from collections.abc import Callable, Iterator

import pytest
import schemathesis
from classroom import TOKEN, cookie_for, fill, served
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

pytestmark = pytest.mark.system

_BOUNDED = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
_STREAMS = "/events"  # an answer that goes on: see the walk in the browser


class Service:
    """A running one with a class, and its description."""

    def __init__(self, url: str, student: dict[str, str]) -> None:
        self.url, self.student = url, student
        self.description = schemathesis.openapi.from_url(f"{url}/api/openapi.json")

    def try_all(self, begin: str, send: Callable[[schemathesis.Case], None]) -> int:
        """Send cases of every operation whose path begins so; how many operations there are."""
        tried = 0
        for found in self.description.get_all_operations():
            operation = found.ok()
            if not operation.path.startswith(begin) or operation.path.startswith(_STREAMS):
                continue

            @_BOUNDED
            @given(case=operation.as_strategy())
            def one(case: schemathesis.Case) -> None:
                send(case)

            one()
            tried += 1
        return tried


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("service")) as (url, services):
        services.store.transact(fill)
        yield Service(url, cookie_for(services, "dana-fox", "student"))


def test_an_instructor_may_send_anything(service: Service) -> None:
    def send(case: schemathesis.Case) -> None:
        answer = case.call(base_url=service.url, headers={"Authorization": f"Bearer {TOKEN}"})
        checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
        case.validate_response(answer, checks=checks)

    assert service.try_all("/api", send) >= 6


def test_a_student_may_send_anything_and_changes_nothing(service: Service) -> None:
    def send(case: schemathesis.Case) -> None:
        answer = case.call(base_url=service.url, cookies=service.student)
        case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])
        assert answer.status_code in ((200, 404, 422) if case.method == "GET" else (404, 422))

    assert service.try_all("/api", send) >= 6


def test_a_delivery_that_nobody_signed_is_refused_whatever_it_is(service: Service) -> None:
    def send(case: schemathesis.Case) -> None:
        answer = case.call(base_url=service.url)
        case.validate_response(answer, checks=[not_a_server_error])
        assert answer.status_code in (400, 401, 403, 413, 415, 422, 429)

    assert service.try_all("/webhook", send) == 1
