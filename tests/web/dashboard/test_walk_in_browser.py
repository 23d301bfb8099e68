"""An instructor and a student walk through the dashboard in a real browser, on a desk and on a phone."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from classroom import add_job, add_report, fill, news, passing, served
from fake_github import FakeGitHub, serve_fake_github
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from sqlalchemy import update

from grader.store.progress import add_progress
from grader.store.queue_tables import JOB
from grader.web.services import Services

pytestmark = pytest.mark.system

SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield found
        found.close()


class Site:
    """A service with a class, and the forge where people sign in."""

    def __init__(self, url: str, services: Services, github: FakeGitHub) -> None:
        self.url, self.services, self.github = url, services, github
        self.jobs = services.store.transact(fill)

    def work(self, what: object) -> None:
        self.services.store.transact(what)  # type: ignore[arg-type]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve_fake_github() as github:
        github.oauth_clients["id"] = "secret"
        with served(tmp_path, api=github.api, oauth_client_id="id", oauth_client_secret="secret") as (url, services):
            yield Site(url, services, github)


@contextmanager
def tab(browser: Browser, site: Site, size: dict[str, int]) -> Iterator[Page]:
    """A tab; in the end it must have had nothing to complain about but pages that were refused."""
    with browser.new_context(viewport=size, base_url=site.url, is_mobile=size["width"] < 600) as context:  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
        assert [line for line in said if "404" not in line and "net::ERR" not in line] == []


def sign_in(page: Page, site: Site, login: str) -> None:
    site.github.oauth_login = login
    site.github.user(login)
    page.goto("/")
    follow(page, page.get_by_role("link", name="Sign in with GitHub"))
    expect(page.locator(".who .login")).to_contain_text(login.lower())


def follow(page: Page, link: Locator) -> None:
    """Press it and wait for the page that it leads to."""
    with page.expect_navigation():
        link.click()


def require_good_form(page: Page) -> None:
    """It fits the window, has one heading of the first level, and everything that is filled in has a name."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    assert page.locator("h1").count() == 1, page.url
    nameless = page.evaluate(
        """[...document.querySelectorAll('input:not([type=hidden]):not([hidden]), textarea, select, button, a')]
        .filter(one => !(one.labels && one.labels.length) && !one.textContent.trim() && !one.getAttribute('aria-label'))
        .map(one => one.outerHTML)"""
    )
    assert nameless == [], page.url


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_an_instructor_walks(browser: Browser, site: Site, size: dict[str, int]) -> None:
    with tab(browser, site, size) as page:
        sign_in(page, site, "Prof-Ada")
        require_good_form(page)
        follow(page, page.get_by_role("link", name="Session 7: digits with few parameters"))
        require_good_form(page)

        rows = page.locator("#students tbody tr:visible")
        expect(rows).to_have_count(24)
        page.get_by_role("searchbox").fill("chidi")
        expect(rows).to_have_count(1)
        page.get_by_role("searchbox").fill("")
        page.get_by_role("button", name=re.compile("^Not passed")).click()
        expect(rows).to_have_count(6)

        follow(page, page.get_by_role("link", name="chidi-obi"))
        require_good_form(page)
        page.get_by_label(re.compile("^Points of 100")).fill("72.5")
        page.get_by_label(re.compile("^Reason")).fill("The server was down.")
        follow(page, page.get_by_role("button", name="Set", exact=True))
        expect(page.locator("#set")).to_contain_text("72.5 points of 100 were set by prof-ada")
        expect(page.locator(".ring-number")).to_have_text("72.5")

        follow(page, page.get_by_role("link", name="To do"))
        require_good_form(page)
        follow(page, page.get_by_role("button", name=re.compile("Try again.*vera-blum")))
        expect(page.locator(".live")).to_contain_text("In the queue")

        follow(page, page.get_by_role("link", name="Audit trail"))
        require_good_form(page)
        expect(page.locator(".trail tbody tr")).to_have_count(3)
        follow(page, page.get_by_role("button", name="Sign out"))
        page.goto("/audit")
        expect(page).to_have_url(re.compile(r"/sign-in\?next=/audit$"))
        require_good_form(page)


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_a_student_walks_and_is_refused_what_is_not_theirs(browser: Browser, site: Site, size: dict[str, int]) -> None:
    with tab(browser, site, size) as page:
        sign_in(page, site, "Dana-Fox")
        require_good_form(page)
        follow(page, page.get_by_role("link", name="Session 7: digits with few parameters"))
        require_good_form(page)
        expect(page.get_by_role("heading", name="Not passed")).to_be_visible()
        page.get_by_label("What do you object to?").fill("The rate is 0.05.\nSee src/model.py:16.")
        follow(page, page.get_by_role("button", name="Appeal"))
        expect(page.locator("blockquote")).to_contain_text("See src/model.py:16.")

        follow(page, page.get_by_role("link", name="Open the full report"))
        expect(page.get_by_role("heading", name="Criteria")).to_be_visible()
        page.go_back()
        with page.expect_download() as download:
            page.get_by_role("link", name="Report as data").click()
        assert '"grader/report/v1"' in Path(download.value.path()).read_text(encoding="utf-8")

        own = site.jobs["Dana Fox"]
        for number in {*range(1, 30)} - {own}:
            assert page.request.get(f"/api/jobs/{number}").status == 404
        for path in ("/jobs/{}", "/jobs/{}/report", "/jobs/{}/live", "/api/jobs/{}/report", "/events/jobs/{}"):
            assert page.request.get(path.format(site.jobs["Ada Quast"])).status == 404
        assert [job["id"] for job in page.request.get("/api/jobs").json()] == [own]
        assert page.request.get("/api/jobs?login=ada-quast").json() == []
        assert page.request.get("/api/assignments/mnist/results").status == 404
        answer = page.goto(f"/jobs/{site.jobs['Ada Quast']}")
        assert answer is not None
        assert answer.status == 404
        require_good_form(page)


def test_a_curve_grows_while_somebody_looks_at_it(browser: Browser, site: Site) -> None:
    number = site.jobs["Uma Rao"]
    dots = "#live figure .panels svg:first-child .dot.evaluation"
    with tab(browser, site, SIZES[0]) as page:
        sign_in(page, site, "uma-rao")
        page.goto(f"/jobs/{number}")
        expect(page.locator(dots)).to_have_count(6)
        for event in news(9)[6:]:
            site.work(lambda c, event=event: add_progress(c, number, event))
        began = time.monotonic()
        expect(page.locator(dots)).to_have_count(9)
        assert time.monotonic() - began < 4  # told by the event, not found by asking now and then
        expect(page.locator("#live figcaption")).to_contain_text("epoch 9 of 20")

        def end(c: object) -> None:
            key = add_report(c, passing("uma"), "uma")  # type: ignore[arg-type]
            c.execute(update(JOB).where(JOB.c.id == number).values(state="done", report_key=key))  # type: ignore[attr-defined]

        site.work(end)
        expect(page.get_by_role("heading", name="Passed")).to_be_visible()
        expect(page.locator("#live")).to_have_count(0)


def test_a_page_works_without_its_scripts(browser: Browser, site: Site) -> None:
    with browser.new_context(java_script_enabled=False, base_url=site.url) as context:
        page = context.new_page()
        sign_in(page, site, "prof-ada")
        page.goto("/assignments/mnist")
        expect(page.locator("#students tbody tr:visible")).to_have_count(24)
        page.goto(f"/jobs/{site.jobs['Uma Rao']}")
        expect(page.locator("#live")).to_contain_text("Training")


def test_markup_runs_nothing(browser: Browser, site: Site) -> None:
    text = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    found = passing("eve").model_copy(update={"summary": text})
    number = site.services.store.transact(lambda c: add_job(c, "Dana Fox", found=found, label="eve", problem=text))
    with tab(browser, site, SIZES[0]) as page:
        sign_in(page, site, "prof-ada")
        for path in (f"/jobs/{number}", f"/jobs/{number}/report", "/assignments/mnist"):
            page.goto(path)
            assert "owned" not in page.title()
