"""The agents' site in a real browser."""

import pytest
from browser import needs_browser, page
from mail_client import compose, hand_in, send
from stack import Stack, until

pytestmark = [pytest.mark.e2e, needs_browser]


def password(stack: Stack) -> str:
    """The first admin's password, as the start printed it."""
    [line] = [one for one in stack.output.read_text().splitlines() if "password" in one]
    return line.rpartition("password ")[2].strip()


async def test_an_agent_logs_in_and_sees_tickets_come(stack: Stack) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    await send(stack, compose(f"{hostile} سلام 你好", "Hello.\n", "jo@example.org"))
    async with stack.desk() as desk:

        async def found() -> int:
            return len((await desk.get("/api/v1/tickets", params={"q": "onerror"})).json()["items"])

        await until(found, bool, "ticket with a hostile subject")
    async with page(locale="en-GB", timezone_id="Asia/Tehran") as site:
        await site.goto(stack.desk_url)
        await site.fill("[name=email]", "admin@example.com")
        await site.fill("[name=password]", "not this one")
        await site.press("[name=password]", "Enter")
        assert "wrong" in await site.inner_text("[role=alert]")
        await site.fill("[name=password]", password(stack))
        await site.press("[name=password]", "Enter")
        subject = site.locator("td.subject", has_text="سلام 你好").first
        await subject.wait_for()
        assert hostile in await subject.inner_text()
        assert "Asia/Tehran" in (await site.get_attribute("tbody tr:first-child td:last-child time", "title") or "")
        await send(stack, compose("Came while looking", "Hello.\n", "jo@example.org"))
        await site.locator("td.subject", has_text="Came while looking").wait_for()
        await site.keyboard.press("/")
        await site.keyboard.type("onerror")
        await site.keyboard.press("Enter")
        await site.wait_for_url("**q=onerror**")
        assert await site.locator("tbody tr").count() == 1
        await site.click("text=Log out")
        await site.wait_for_url("**/login")
        await site.goto(stack.desk_url)
        assert site.url.endswith("/login")


async def test_set_aside_mail_is_read_and_let_in_with_the_keyboard(stack: Stack) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    mail = compose("جایزه شما", f"سلام،\n\nhttps://prize.example\n{hostile}\n", "pars@spam.example", X_Spam_Flag="YES")
    mail.add_alternative(f"<p>hello</p>{hostile}", subtype="html")
    mail.add_attachment(b"1234", maintype="application", subtype="pdf", filename="抽奖.pdf")
    contact = await hand_in(stack, mail)
    async with stack.desk() as desk:

        async def kept() -> int:
            return (await desk.get(f"/api/v1/set-aside/{contact}")).status_code

        await until(kept, lambda code: code == 200, "mail set aside")
    async with page(color_scheme="dark", viewport={"width": 390, "height": 800}) as site:
        await site.goto(stack.desk_url)
        await site.fill("[name=email]", "admin@example.com")
        await site.fill("[name=password]", password(stack))
        await site.press("[name=password]", "Enter")
        await site.click("text=set aside")
        await site.focus(f"a[href$='{contact}']")
        await site.keyboard.press("Enter")
        words = site.locator(".words").first
        assert hostile in await words.inner_text()
        styles = "one => [getComputedStyle(one).direction, getComputedStyle(one).textAlign]"
        assert await words.evaluate(styles) == ["rtl", "right"]
        assert "抽奖.pdf" in await site.inner_text(".files")
        for name in ("From", "To", "Came"):
            assert await site.locator("dt", has_text=name).count() == 1
        fits = "document.documentElement.scrollWidth <= innerWidth"
        assert await site.evaluate(fits), "nothing is cut off on a telephone"
        await site.locator("button", has_text="Let in").focus()
        await site.keyboard.press("Enter")
        await site.wait_for_url("**/set-aside?let_in=*")
        await site.locator("[role=status] a", has_text="#").wait_for()
        assert await site.locator(f"a[href$='{contact}']").count() == 0


async def test_the_api_page_works_without_the_internet(stack: Stack) -> None:
    async with page() as site:
        foreign: list[str] = []
        site.on("request", lambda request: foreign.append(request.url) if stack.desk_url not in request.url else None)
        await site.goto(f"{stack.desk_url}/docs")
        await site.get_by_text("/api/v1/tickets/{ticket}/replies").wait_for()
        await site.get_by_text("Authorize").first.wait_for()
        assert [url for url in foreign if not url.startswith("data:")] == []
