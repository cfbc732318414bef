"""Which contacts of one customer are offered as being about the same matter."""

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.similar import MOST, alike, likeness, matter

SAME = [
    pytest.param(
        ("Parcel 4711 has not arrived", "Hello,\nI ordered two lamps last week and the parcel 4711 has not arrived."),
        ("Where is my parcel?", "I wrote yesterday: parcel 4711 with the lamps still has not arrived. Please check."),
        id="en, once more with other words",
    ),
    pytest.param(
        ("Cannot sign in to my account", "Since the update I cannot sign in. It says: password expired."),
        ("", "hi, i can't sign in, password expired it says since your update"),
        id="en, mail and then chat",
    ),
    pytest.param(
        ("Refund for order 88213", "I returned the shoes ten days ago and still wait for the refund of order 88213."),
        ("Refund for order 88213", "No answer since Monday?!"),
        id="en, the same subject in a new thread",
    ),
    pytest.param(
        ("سفارش ۵۵۱۲ نرسیده است", "سلام، سفارشی که هفتهٔ پیش ثبت کردم هنوز به دستم نرسیده است. شمارهٔ سفارش ۵۵۱۲ است."),
        ("پیگیری سفارش", "سلام وقت بخیر، سفارش من به شماره ۵۵۱۲ هنوز نرسيده است. لطفا پيگيري كنيد."),
        id="fa, with Arabic letters the second time",
    ),
    pytest.param(
        ("مشکل ورود به حساب کاربری", "رمز عبور را عوض کردم اما نمی‌توانم وارد حساب کاربری شوم."),
        ("حساب کاربری", "از دیروز نمی توانم وارد حساب کاربری خودم شوم، رمز عبور را قبول نمیکند."),
        id="fa, with and without joiners",
    ),
    pytest.param(
        ("包裹4711还没有送到", "你好，我上周订的台灯到现在还没有收到，包裹号码4711。"),
        ("查询包裹", "请帮我查一下包裹4711在哪里，上周订的台灯还没收到。"),
        id="zh, once more with other words",
    ),
    pytest.param(
        ("无法登录账户", "更新以后我无法登录自己的账户，提示密码已过期。"),
        ("", "你好 我的账户无法登录 一直提示密码过期"),
        id="zh, mail and then chat",
    ),
]
OTHER = [
    pytest.param(
        ("Parcel 4711 has not arrived", "Hello,\nI ordered two lamps last week and the parcel 4711 has not arrived."),
        ("Change of address", "Dear team, we have moved. Please use our new address in Lyon from next month."),
        id="en, two matters",
    ),
    pytest.param(
        ("Refund for order 88213", "I returned the shoes and still wait for the refund of order 88213."),
        ("Question about the warranty of a bag", "Hello, is the zip of my leather bag covered by the warranty?"),
        id="en, two matters of one shop",
    ),
    pytest.param(
        ("Hello", "Hello, please help me. Thanks, Ann"),
        ("Hello", "Hello, I have a question, thanks. Ann"),
        id="en, only what everybody says",
    ),
    pytest.param(("", ""), ("", ""), id="nothing is like nothing"),
    pytest.param(
        ("سفارش ۵۵۱۲ نرسیده است", "سلام، سفارشی که هفتهٔ پیش ثبت کردم هنوز به دستم نرسیده است."),
        ("درخواست فاکتور رسمی", "سلام وقت بخیر، لطفاً برای خرید ماه گذشته فاکتور رسمی به نام شرکت صادر کنید. با تشکر"),
        id="fa, two matters",
    ),
    pytest.param(
        ("包裹4711还没有送到", "你好，我上周订的台灯到现在还没有收到。"),
        ("关于发票的问题", "你好，请问可以把发票抬头改成公司名称吗？谢谢。"),
        id="zh, two matters",
    ),
    pytest.param(
        ("无法登录账户", "你好，更新以后我无法登录自己的账户。谢谢！"),
        ("咨询退货流程", "你好，我想退回上个月买的鞋子，请问怎么办理？谢谢！"),
        id="zh, two matters, one greeting",
    ),
]
Letter = tuple[str, str]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_matter_is_seen(one: Letter, other: Letter) -> None:
    assert alike(matter(*one), matter(*other))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_matter_is_not_offered(one: Letter, other: Letter) -> None:
    assert not alike(matter(*one), matter(*other))


@given(st.text(max_size=300), st.text(max_size=300))
def test_likeness_has_no_order_and_a_scale(one: str, other: str) -> None:
    first, second = matter(one, other), matter(other, one)
    assert likeness(first, second) == likeness(second, first)
    assert 0 <= likeness(first, matter("", other)) <= 1
    assert len(first) <= MOST
    assert likeness(first, first) in (0, 1)


def test_it_costs_little() -> None:
    text = "The parcel with number 4711 has not arrived, 包裹还没有送到. " * 200
    assert timeit.timeit(lambda: matter("Parcel", text), number=200) / 200 < 0.002
