"""The agents' site in a real browser, which is answered without a network."""

from pathlib import Path

import pytest
from browser import needs_browser, page
from playwright.async_api import Page, Route

from .making import MAKE
from .running import Desk

pytestmark = [pytest.mark.connected, needs_browser]
ADMIN = {"email": "admin@example.com", "password": MAKE.admin_password}
ORDER = """one => {
  const left = (node, at) => {
    const range = document.createRange();
    range.setStart(node, at); range.setEnd(node, at + 1);
    return range.getBoundingClientRect().left;
  };
  const letters = [];
  const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    for (let at = 0; at < walker.currentNode.length; at++)
      letters.push([left(walker.currentNode, at), walker.currentNode.data[at]]);
  return letters.sort((one, other) => one[0] - other[0]).map((one) => one[1]).join("");
}"""
"""The characters of an element as they stand from left to right."""


async def visit(site: Page, desk: Desk, path: str = "/") -> None:
    """Open a page of the desk, logged in."""
    client = desk.client(None)
    assert (await client.post("/login", data=ADMIN)).status_code == 303

    async def answer(route: Route) -> None:
        got = await client.get(route.request.url)
        await route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.content)

    await site.route("**/*", answer)
    await site.goto(f"http://desk{path}")


async def test_times_and_subjects_read_as_a_persian_agent_writes_them(desk: Desk, tmp_path: Path) -> None:
    await desk.opened(subject_line=(subject := "Re: لغو سفارش [#10]"))
    await desk.opened(subject_line="Re: Cancel order [#10]")
    async with page(locale="fa-IR", timezone_id="Asia/Tehran", viewport={"width": 1280, "height": 300}) as site:
        await visit(site, desk)
        time = site.locator("td:last-child time").first
        shown = await time.inner_text()
        day, hour = shown.split(" ")[0], shown.split(" ")[-1]
        assert await time.evaluate("one => getComputedStyle(one).direction") == "rtl"
        seen = await time.evaluate(ORDER)
        assert seen.endswith(day), "the day is the first from the right"
        assert seen.startswith(hour), "the hour comes last"
        title = await time.get_attribute("title") or ""
        assert title.endswith(" (Asia/Tehran)")
        assert hour in title, "the local time, not that of UTC"
        assert "+00:00" not in title
        persian = site.locator("td.subject", has_text="لغو")
        assert await persian.inner_text() == subject
        assert await persian.evaluate(ORDER) == "[#10] شرافس وغل :Re"
        assert await site.locator("td.subject", has_text="Cancel").evaluate(ORDER) == "Re: Cancel order [#10]"
        lefts = "all => all.map((one) => getComputedStyle(one).textAlign)"
        assert await site.locator("td.subject").evaluate_all(lefts) == ["left", "left"], "one column"
        await site.screenshot(path=tmp_path / "tickets.png")
