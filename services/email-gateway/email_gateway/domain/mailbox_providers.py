"""Domains at which anybody may open a mailbox: nobody who opens one may have others send mail in the domain's name.

DNS does not always say so: gmail.com and outlook.com publish `p=none`, and receivers know all the same what is not
theirs (https://support.google.com/mail/answer/81126, "Don't impersonate Gmail From: headers"). A line is one provider;
Interia's as in https://konto-pocztowe.interia.pl/app/poczta/domainlist, the others' from what they are known to offer
(November 2026). The list is not complete: what is missing is judged by its policy in DNS, like any other domain.
"""

from __future__ import annotations

PROVIDERS: dict[str, str] = {
    "Google": "gmail.com googlemail.com",
    "Microsoft": (
        "outlook.com outlook.pl outlook.de outlook.fr outlook.it outlook.es outlook.at outlook.be outlook.cz outlook.dk"
        " outlook.ie outlook.jp outlook.pt outlook.sk hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.it"
        " hotmail.es hotmail.nl hotmail.be hotmail.se live.com live.co.uk live.de live.fr live.it live.nl"
        " live.be live.se live.dk msn.com windowslive.com"
    ),
    "Yahoo and AOL": (
        "yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.pl yahoo.ro yahoo.se yahoo.ie yahoo.in"
        " yahoo.co.in yahoo.ca yahoo.com.br yahoo.com.au yahoo.co.jp ymail.com rocketmail.com myyahoo.com aol.com"
        " aol.de aol.fr aol.co.uk aim.com"
    ),
    "Apple": "icloud.com me.com mac.com",
    "WP": "wp.pl wp.eu",
    "o2 (WP)": "o2.pl tlen.pl go2.pl prokonto.pl",
    "Onet": (
        "onet.pl onet.eu onet.com.pl op.pl opoczta.pl poczta.onet.pl poczta.onet.eu vp.pl autograf.pl buziaczek.pl"
        " amorki.pl spoko.pl republika.pl"
    ),
    "Interia": (
        "interia.pl vip.interia.pl interia.eu interia.com poczta.fm interiowy.pl pisz.to pacz.to ogarnij.se"
        " intmail.pl adresik.net"
    ),
    "Gazeta": "gazeta.pl",
    "Neostrada and Orange": "neostrada.pl orange.pl",
    "Proton": "proton.me protonmail.com protonmail.ch pm.me",
    "Tuta": "tuta.com tutanota.com tutanota.de tutamail.com tuta.io keemail.me",
    "GMX and mail.com": "gmx.com gmx.de gmx.net gmx.at gmx.ch gmx.fr gmx.co.uk mail.com email.com web.de",
    "Zoho": "zoho.com zohomail.com zohomail.eu",
    "Fastmail": "fastmail.com fastmail.fm",
    "Mail.ru and Yandex": "mail.ru inbox.ru list.ru bk.ru yandex.ru yandex.com ya.ru rambler.ru",
    "Seznam": "seznam.cz email.cz post.cz centrum.cz",
    "Slovak": "azet.sk zoznam.sk centrum.sk",
    "German": "t-online.de freenet.de",
    "French": "orange.fr wanadoo.fr free.fr laposte.net sfr.fr",
    "Italian": "libero.it virgilio.it tiscali.it alice.it",
    "Ukrainian": "ukr.net i.ua meta.ua",
    "American": "comcast.net verizon.net att.net sbcglobal.net cox.net",
    "Chinese": "qq.com 163.com 126.com",
}

PUBLIC_MAILBOXES = frozenset(" ".join(PROVIDERS.values()).split())
