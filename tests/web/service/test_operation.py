"""Health, figures, headers and limits: what an operator and a browser rely on."""

from dataclasses import replace

from a_service import CONFIGURATION, TOKEN, commit, push, services_in, signed
from asgi_client import Client, client_of

from grader.web.app import create_app
from grader.web.rate_limit import RateLimit
from grader.web.services import Services


def test_it_is_ready_only_while_its_workers_are(services: Services) -> None:
    for alive, status in ((True, 200), (False, 503)):
        with client_of(create_app(replace(services, workers_alive=lambda alive=alive: alive))) as client:
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json()) == (status, {"store": True, "workers": alive})
            assert client.get("/healthz").text == "ok\n"


def test_the_figures_name_nobody(client: Client) -> None:
    client.post("/webhook", **signed("push", push("course/mnist-ada", commit(1)), "d1"))
    client.post("/webhook", **signed("push", push("course/mnist-ada", commit(1)), "d1"))
    client.post("/webhook", content=b"{}")
    text = client.get("/metrics").text
    for line in (
        'grader_jobs{state="waiting"} 1.0',
        'grader_jobs{state="dead"} 0.0',
        'grader_deliveries_total{outcome="queued"} 1.0',
        'grader_deliveries_total{outcome="delivered before"} 1.0',
        'grader_deliveries_total{outcome="refused 403"} 1.0',
        "grader_delivery_seconds_count 3.0",
        'grader_requests_total{status="2xx"} 2.0',
        'grader_requests_total{status="4xx"} 1.0',
    ):
        assert line in text.splitlines()
    assert "ada" not in text and "course" not in text


def test_every_answer_tells_the_browser_to_be_careful(client: Client) -> None:
    for path in ("/healthz", "/webhook", "/nowhere", "/api/openapi.json", "/sign-in"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in headers


def test_over_https_the_browser_comes_back_over_https(tmp_path) -> None:  # type: ignore[no-untyped-def]
    services = services_in(tmp_path, CONFIGURATION.replace("http://127.0.0.1:8000", "https://grader.example.org"))
    with client_of(create_app(services)) as client:
        assert client.get("/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"
    services.store.close()


def test_an_address_that_asks_too_often_has_to_wait_and_deliveries_do_not(tmp_path) -> None:  # type: ignore[no-untyped-def]
    services = services_in(tmp_path, CONFIGURATION + "limits: {requests_per_minute: 5}\n")
    with client_of(create_app(services)) as client:
        found = [client.get("/api/jobs").status_code for _ in range(7)]
        assert found == [401] * 5 + [429] * 2
        assert int(client.get("/").headers["Retry-After"]) >= 1
        assert client.get("/healthz").status_code == 200
        delivery = signed("push", push("course/mnist-ada", commit(1)), "d1")
        assert [client.post("/webhook", **delivery).status_code for _ in range(10)] == [202] * 10
    services.store.close()


def test_a_session_is_counted_whatever_its_address(services: Services) -> None:
    limited = services.configuration.model_copy(
        update={"limits": services.configuration.limits.model_copy(update={"requests_per_minute": 2})}
    )
    app = create_app(replace(services, configuration=limited))
    with client_of(app, "10.0.0.1") as first, client_of(app, "10.0.0.2") as second:
        cookie = {"Cookie": "grader-session=abc"}
        found = [one.get("/api/jobs", headers=cookie).status_code for one in (first, second, second)]
        assert found == [401, 401, 429]


def test_a_bucket_fills_again_with_time() -> None:
    now = [0.0]
    limit = RateLimit(60, clock=lambda: now[0])
    assert [limit.spend("a") for _ in range(61)] == [True] * 60 + [False]
    assert limit.spend("b")
    assert abs(limit.pause("a") - 1.0) < 1e-9
    now[0] = 2.5
    assert [limit.spend("a") for _ in range(3)] == [True, True, False]
    assert limit.pause("b") == 0.0


def test_the_interface_is_for_those_who_prove_who_they_are(client: Client) -> None:
    client.post("/webhook", **signed("push", push("course/mnist-ada", commit(1)), "d1"))
    assert client.get("/api/jobs").status_code == 401
    assert client.get("/api/jobs", headers={"Authorization": "Bearer wrong"}).status_code == 401
    mine = {"Authorization": f"Bearer {TOKEN}"}
    (job,) = client.get("/api/jobs", headers=mine).json()
    assert (job["commit"], job["student"], job["state"]) == (commit(1), "ada", "waiting")
    assert "worker" not in job
    assert client.get("/api/jobs?state=dead", headers=mine).json() == []
    assert client.get(f"/api/jobs/{job['id']}", headers=mine).json() == job
    for path in (f"/api/jobs/{job['id']}/report", "/api/jobs/99", "/api/assignments/none/results"):
        assert client.get(path, headers=mine).status_code == 404
    for path in ("/api/jobs/0", "/api/jobs/99999999999999999999", "/api/jobs?most=0", "/api/jobs?state=x"):
        assert client.get(path, headers=mine).status_code == 422
    assert [one["name"] for one in client.get("/api/assignments", headers=mine).json()] == ["mnist"]
    assert client.get("/api/assignments/mnist/results", headers=mine).json()[0]["student"] == "ada"
    again = client.post(f"/api/jobs/{job['id']}/regrade", headers=mine)
    assert (again.status_code, again.json()["id"]) == (202, job["id"])  # it has not been graded yet
