"""Domains whose addresses belong to strangers: two people of one of these have nothing to do with each other."""

_LISTED = """
gmail.com googlemail.com
outlook.com outlook.de outlook.fr outlook.es outlook.it outlook.jp outlook.com.br outlook.com.au outlook.sa
hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.es hotmail.it hotmail.co.jp hotmail.com.br hotmail.com.tr
live.com live.co.uk live.de live.fr live.it live.nl live.be live.ca live.com.au live.com.mx live.cn live.jp
msn.com passport.com windowslive.com
yahoo.com ymail.com rocketmail.com myyahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.co.jp
yahoo.co.in yahoo.in yahoo.ca yahoo.com.au yahoo.com.br yahoo.com.ar yahoo.com.mx yahoo.com.tw yahoo.com.hk
yahoo.com.sg yahoo.com.ph yahoo.com.vn yahoo.com.cn yahoo.cn yahoo.gr yahoo.ie yahoo.co.id yahoo.co.za yahoo.se
yahoo.no yahoo.dk yahoo.pl yahoo.ro
icloud.com me.com mac.com
aol.com aol.de aol.fr aol.co.uk aim.com verizon.net
proton.me protonmail.com protonmail.ch pm.me
tutanota.com tutanota.de tutamail.com tuta.io tuta.com
fastmail.com fastmail.fm hey.com duck.com hushmail.com mailfence.com posteo.de posteo.net mailbox.org runbox.com
disroot.org riseup.net startmail.com simplelogin.com anonaddy.com
zoho.com zohomail.com zohomail.eu zohomail.in mail.com email.com usa.com post.com consultant.com engineer.com
europe.com gmx.com gmx.us gmx.co.uk inbox.com mailinator.com guerrillamail.com yopmail.com 10minutemail.com
gmx.de gmx.net gmx.at gmx.ch gmx.fr gmx.es web.de freenet.de t-online.de magenta.de arcor.de online.de vodafone.de
vodafonemail.de kabelmail.de email.de mail.de bluewin.ch hispeed.ch sunrise.ch aon.at a1.net chello.at
orange.fr wanadoo.fr free.fr sfr.fr laposte.net neuf.fr numericable.fr bbox.fr aliceadsl.fr club-internet.fr
skynet.be telenet.be proximus.be scarlet.be ziggo.nl kpnmail.nl planet.nl home.nl xs4all.nl hetnet.nl casema.nl
libero.it virgilio.it tin.it alice.it tiscali.it iol.it inwind.it fastwebnet.it email.it
telefonica.net terra.es movistar.es ono.com sapo.pt mail.pt netcabo.pt
btinternet.com talktalk.net sky.com virginmedia.com ntlworld.com blueyonder.co.uk o2.co.uk tiscali.co.uk
plus.net eircom.net
comcast.net att.net sbcglobal.net bellsouth.net cox.net charter.net spectrum.net earthlink.net juno.com netzero.net
optonline.net frontier.com windstream.net centurylink.net q.com rogers.com shaw.ca sympatico.ca telus.net
videotron.ca bell.net bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz
mail.ru bk.ru inbox.ru list.ru internet.ru rambler.ru lenta.ru ro.ru yandex.ru yandex.com yandex.ua yandex.by
yandex.kz ya.ru narod.ru ukr.net i.ua meta.ua bigmir.net tut.by mail.kz
wp.pl o2.pl onet.pl op.pl poczta.onet.pl vp.pl interia.pl interia.eu gazeta.pl tlen.pl
seznam.cz email.cz post.cz centrum.cz atlas.cz volny.cz azet.sk zoznam.sk centrum.sk
freemail.hu citromail.hu abv.bg mail.bg dir.bg walla.co.il walla.com zahav.net.il mynet.com superonline.com
telia.com spray.se bredband.net online.no start.no mail.dk jubii.dk stofanet.dk luukku.com suomi24.fi kolumbus.fi
otenet.gr hol.gr in.gr inbox.lv inbox.lt mail.ee hot.ee net.hr t-com.me siol.net
chmail.ir mihanmail.ir iran.ir rediffmail.com indiatimes.com sify.com vsnl.net
qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com yeah.net 188.com 139.com 189.cn wo.cn sina.com sina.cn
vip.sina.com sohu.com tom.com 21cn.com 263.net aliyun.com hinet.net seed.net.tw pchome.com.tw netvigator.com
naver.com hanmail.net daum.net kakao.com nate.com korea.com
docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp ymobile.ne.jp nifty.com biglobe.ne.jp so-net.ne.jp
ocn.ne.jp excite.co.jp infoseek.jp plala.or.jp goo.jp
singnet.com.sg pacific.net.sg starhub.net.sg
bol.com.br uol.com.br terra.com.br ig.com.br globo.com globomail.com r7.com oi.com.br zipmail.com.br
prodigy.net.mx arnet.com.ar fibertel.com.ar speedy.com.ar ciudad.com.ar vtr.net cantv.net une.net.co
mweb.co.za webmail.co.za telkomsa.net vodamail.co.za emirates.net.ae eim.ae maktoob.com
"""
PUBLIC_DOMAINS = frozenset(_LISTED.split())
