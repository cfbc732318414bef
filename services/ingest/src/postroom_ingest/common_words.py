"""Words that say nothing about what a mail is about."""

WORDS = """
the and for you your our are was were has have had not but with this that from they them there here what when where
which who how why can could would should will shall may might must does did done been being its also any all some
more most very just only than then too out get got please help thanks thank hello dear hi regards kind best sincerely
greetings morning afternoon day today yesterday tomorrow week since after before again still yet about into over under
because his her she him mail email message ticket support team question problem issue know let need want tell see sir
madam fwd
und der die das den dem ein eine einen einer ich sie wir ist sind war haben habe hat nicht mit von für auf bitte danke
hallo guten tag sehr geehrte damen herren freundlichen grüßen mein meine ihr ihre
les des une pour avec dans sur est sont pas vous nous votre notre bonjour merci cordialement que qui mon mes
los las una por para con está son usted ustedes hola gracias saludos que mis
سلام وقت بخیر لطفا ممنون تشکر متشکرم این است هست هستم بود شده برای های هنوز خود شما من ما را که از با در به تا هم یک
پیگیری سپاس احترام نیز اما ولی چرا کنید کنم میکنم
что это для как вас мне меня вам наш ваш здравствуйте спасибо пожалуйста добрый день
"""
PAIRS = """
您好 你好 谢谢 謝謝 请问 請問 我们 我們 你们 你們 一下 可以 怎么 怎麼 什么 什麼 已经 已經 还是 還是 没有 沒有 现在 現在
这个 這個
です ます まし した いま ませ せん てい いて くだ ださ さい よろ ろし しく お願 願い いし しま こと して ので には
"""
