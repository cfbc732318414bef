"""Everything the site says, in each of its languages."""

from dataclasses import dataclass

from postroom_plumbing.languages import Direction, Language, direction, with_digits
from postroom_portal.errors import Trouble


@dataclass(frozen=True, slots=True)
class Texts:
    """The site in one language."""

    language: Language
    home_title: str
    home_lead: str
    home_empty: str
    home_hint: str
    question: str
    question_hint: str
    thanks: str
    recorded: str
    ratings: tuple[str, str, str, str, str]
    """What the ratings 1 to 5 are called."""
    rating_group: str
    why_low: str
    why_middle: str
    why_high: str
    comment_hint: str
    comment_send: str
    comment_change: str
    comment_saved: str
    troubles: dict[Trouble, tuple[str, str]]
    """Title and explanation."""

    @property
    def direction(self) -> Direction:
        """Which way it is written."""
        return direction(self.language)

    def number(self, number: int) -> str:
        """`number` in the readers' digits."""
        return with_digits(str(number), self.language)

    def why(self, rating: int) -> str:
        """What to ask after this rating."""
        if rating <= 2:
            return self.why_low
        return self.why_middle if rating == 3 else self.why_high


ENGLISH = Texts(
    language="en",
    home_title="How can we help?",
    home_lead="Write to the address that fits best. A person reads every message and answers it.",
    home_empty="There is no address to write to yet. Please come back later.",
    home_hint="Already in touch with us? Simply reply to our last e-mail, and it joins the same conversation.",
    question="How was our help?",
    question_hint="Choose a rating. It is saved at once.",
    thanks="Thank you for your rating",
    recorded="It is saved. Choose another one if you change your mind.",
    ratings=("Very bad", "Bad", "So-so", "Good", "Very good"),
    rating_group="Your rating",
    why_low="We are sorry. What went wrong?",
    why_middle="What could we do better?",
    why_high="What did we do well?",
    comment_hint="Optional, up to 4,000 characters. The team that helped you will read it.",
    comment_send="Send comment",
    comment_change="Save changes",
    comment_saved="Thank you, your comment is saved.",
    troubles={
        "not_found": ("There is nothing here", "The page you asked for does not exist."),
        "bad_link": (
            "This link does not work",
            "It may have been cut short. Please open it again from our e-mail, or copy the whole of it.",
        ),
        "bad_rating": ("This rating does not exist", "Nothing was saved. A rating is a number from 1 to 5."),
        "too_long": (
            "That is a little too long",
            "Nothing was saved. Please go back and shorten your comment to 4,000 characters.",
        ),
        "too_many": ("One moment, please", "This survey was called very often. Please try again in a minute."),
        "unavailable": (
            "That did not work just now",
            "The fault is ours. Please try again in a moment; nothing will be counted twice.",
        ),
    },
)

GERMAN = Texts(
    language="de",
    home_title="Wie können wir helfen?",
    home_lead="Schreiben Sie an die passende Adresse. Ein Mensch liest jede Nachricht und beantwortet sie.",
    home_empty="Noch ist keine Adresse eingerichtet. Bitte kommen Sie später wieder.",
    home_hint="Sie stehen schon mit uns in Kontakt? Antworten Sie einfach auf unsere letzte E-Mail.",
    question="Wie war unsere Hilfe?",
    question_hint="Wählen Sie eine Bewertung. Sie wird sofort gespeichert.",
    thanks="Danke für Ihre Bewertung",
    recorded="Sie ist gespeichert. Wählen Sie eine andere, wenn Sie sie ändern möchten.",
    ratings=("Sehr schlecht", "Schlecht", "Geht so", "Gut", "Sehr gut"),
    rating_group="Ihre Bewertung",
    why_low="Das tut uns leid. Was lief schief?",
    why_middle="Was könnten wir besser machen?",
    why_high="Was war besonders gut?",
    comment_hint="Freiwillig, bis zu 4.000 Zeichen. Das Team, das Ihnen geholfen hat, liest es.",
    comment_send="Kommentar senden",
    comment_change="Änderung speichern",
    comment_saved="Danke, Ihr Kommentar ist gespeichert.",
    troubles={
        "not_found": ("Hier ist nichts", "Die gesuchte Seite gibt es nicht."),
        "bad_link": (
            "Dieser Link funktioniert nicht",
            "Vielleicht wurde er abgeschnitten. Öffnen Sie ihn bitte erneut aus unserer E-Mail, oder kopieren Sie ihn.",
        ),
        "bad_rating": (
            "Diese Bewertung gibt es nicht",
            "Es wurde nichts gespeichert. Eine Bewertung ist eine Zahl von 1 bis 5.",
        ),
        "too_long": (
            "Das ist etwas zu lang",
            "Es wurde nichts gespeichert. Bitte gehen Sie zurück und kürzen Sie Ihren Kommentar auf 4.000 Zeichen.",
        ),
        "too_many": (
            "Einen Moment, bitte",
            "Diese Umfrage wurde sehr oft aufgerufen. Bitte versuchen Sie es in einer Minute noch einmal.",
        ),
        "unavailable": (
            "Das hat gerade nicht geklappt",
            "Der Fehler liegt bei uns. Bitte versuchen Sie es gleich noch einmal; nichts wird doppelt gezählt.",
        ),
    },
)

PERSIAN = Texts(
    language="fa",
    home_title="چطور می‌توانیم کمک کنیم؟",
    home_lead="به نشانی مناسب بنویسید. هر پیام را یک همکار ما می‌خواند و پاسخ می‌دهد.",
    home_empty="هنوز نشانی‌ای برای نوشتن وجود ندارد. لطفاً بعداً دوباره سر بزنید.",
    home_hint="پیش‌تر با ما در تماس بوده‌اید؟ کافی است به آخرین ایمیل ما پاسخ دهید تا در همان گفت‌وگو قرار گیرد.",
    question="کمک ما چطور بود؟",
    question_hint="یک امتیاز انتخاب کنید. بی‌درنگ ثبت می‌شود.",
    thanks="از امتیاز شما سپاسگزاریم",
    recorded="امتیاز شما ثبت شد. اگر نظرتان عوض شد، امتیاز دیگری را انتخاب کنید.",
    ratings=("خیلی بد", "بد", "متوسط", "خوب", "خیلی خوب"),
    rating_group="امتیاز شما",
    why_low="متأسفیم. چه چیزی خوب پیش نرفت؟",
    why_middle="چه کاری را می‌توانیم بهتر انجام دهیم؟",
    why_high="چه چیزی را پسندیدید؟",
    comment_hint="اختیاری، حداکثر ۴۰۰۰ نویسه. گروهی که به شما کمک کرد آن را می‌خواند.",
    comment_send="فرستادن نظر",
    comment_change="ذخیرهٔ تغییرات",
    comment_saved="سپاس، نظر شما ثبت شد.",
    troubles={
        "not_found": ("اینجا چیزی نیست", "صفحه‌ای که خواستید وجود ندارد."),
        "bad_link": (
            "این پیوند کار نمی‌کند",
            "شاید ناقص کپی شده باشد. لطفاً آن را دوباره از ایمیل ما باز کنید یا کامل کپی کنید.",
        ),
        "bad_rating": ("چنین امتیازی وجود ندارد", "چیزی ثبت نشد. امتیاز عددی از ۱ تا ۵ است."),
        "too_long": (
            "کمی طولانی است",
            "چیزی ثبت نشد. لطفاً بازگردید و نظرتان را به ۴۰۰۰ نویسه کوتاه کنید.",
        ),
        "too_many": ("لطفاً کمی صبر کنید", "این نظرسنجی بسیار فراخوانده شده است. لطفاً یک دقیقهٔ دیگر دوباره تلاش کنید."),
        "unavailable": (
            "اکنون نشد",
            "اشکال از ماست. لطفاً کمی بعد دوباره تلاش کنید؛ هیچ چیز دو بار شمرده نمی‌شود.",
        ),
    },
)

CHINESE = Texts(
    language="zh",
    home_title="我们能帮您什么？",
    home_lead="请写信到最合适的地址。每封邮件都有专人阅读并回复。",
    home_empty="目前还没有可以联系的地址，请稍后再来。",
    home_hint="已经与我们联系过？直接回复我们的上一封邮件，就会归入同一个对话。",
    question="我们的服务怎么样？",
    question_hint="请选择评分，选择后立即保存。",
    thanks="感谢您的评分",
    recorded="评分已保存。如果改变主意，可以另选一个。",
    ratings=("非常差", "差", "一般", "好", "非常好"),
    rating_group="您的评分",
    why_low="非常抱歉。哪里没有做好？",
    why_middle="我们怎样可以做得更好？",
    why_high="您对哪方面最满意？",
    comment_hint="可不填，最多4000字。为您服务的团队会阅读。",
    comment_send="发送意见",
    comment_change="保存修改",
    comment_saved="谢谢，您的意见已保存。",
    troubles={
        "not_found": ("这里什么都没有", "您要找的页面不存在。"),
        "bad_link": ("此链接无效", "链接可能不完整。请从我们的邮件中重新打开，或复制完整的链接。"),
        "bad_rating": ("没有这个评分", "没有保存任何内容。评分是1到5的数字。"),
        "too_long": ("内容有点太长", "没有保存任何内容。请返回，将意见缩短到4000字以内。"),
        "too_many": ("请稍等", "此调查的访问过于频繁，请一分钟后再试。"),
        "unavailable": ("暂时无法完成", "这是我们的问题。请稍后再试，不会重复计算。"),
    },
)

TEXTS: dict[Language, Texts] = {texts.language: texts for texts in (ENGLISH, GERMAN, PERSIAN, CHINESE)}
