"""The vocative of Polish first names: `Anno`, `Panie Marku`, as a letter addresses people.

By the endings of Polish declension, for names whose ending leaves no doubt; what is not sure of its gender or its stem
(foreign names, above all women's that end in a consonant) is known by name, or stays as it is: a name in the nominative
is plain, a wrong ending is an affront.
"""

from __future__ import annotations

import re

LONGEST = 60  # characters; no first name is longer

# What no rule gives.
_EXCEPTIONS = {
    "paweł": "Pawle", "gaweł": "Gawle", "kacper": "Kacprze", "kasper": "Kasprze", "aleksander": "Aleksandrze",
    "alexander": "Alexandrze", "leander": "Leandrze", "sylwester": "Sylwestrze", "silvester": "Silvestrze",
    "piotr": "Piotrze", "lew": "Lwie", "maciek": "Maćku", "mieszko": "Mieszku", "zbyszko": "Zbyszku",
    "jaśko": "Jaśku", "staszko": "Staszku", "ernest": "Erneście", "august": "Auguście", "kosma": "Kosmo",
    "kuba": "Kubo", "barnaba": "Barnabo", "bonawentura": "Bonawenturo", "seba": "Sebo", "zyga": "Zygo",
    "salomea": "Salomeo", "dorotea": "Doroteo", "teodora": "Teodoro",
}  # fmt: skip

# Pet names of women, soft in the end: -u. Other names in -la and -nia have -o.
_SOFT_WOMEN = frozenset((
    "ala", "ela", "fela", "hela", "jola", "lila", "lola", "mela", "mila", "nela", "ola", "pola", "tola", "ula",
    "wiola", "mania", "ania", "hania", "frania", "bronia", "genia", "henia", "stenia", "tonia", "sonia", "wania",
    "gienia", "lonia", "żenia", "monia", "maja", "kaja", "gaja", "zoja",
))  # fmt: skip

# Men whose ending alone does not say that they are men, or Poles.
_MEN = frozenset((
    "adam", "abraham", "achim", "joachim", "maksym", "maksim", "tom", "sam", "jeremiasz", "jan", "iwan", "roman",
    "herman", "norman", "stefan", "bogdan", "natan", "nathan", "dan", "ivan", "marcin", "martin", "albin",
    "benjamin", "beniamin", "konstantyn", "celestyn", "walentyn", "augustyn", "florentyn", "justyn", "antonin",
    "kalikst", "szymon", "leon", "napoleon", "gedeon", "symeon", "salomon", "samson", "aaron", "aron", "tyberiusz",
    "edwin", "robin", "erwin", "marlon", "zenon", "platon", "gracjan", "kain", "jakub", "jakob", "jacob", "kaleb",
    "job", "hiob", "filip", "philip", "józef", "jozef", "josef", "krzysztof", "adolf", "rudolf", "olaf", "rolf",
    "gustaw", "borys", "aleks", "aleksy", "klemens", "hans", "tobiasz", "denis", "nikodem", "chaim", "robert",
    "albert", "hubert", "norbert", "herbert", "gilbert", "lambert", "dagobert", "zygmunt", "walenty", "wit",
    "benedykt", "kurt", "ewaryst", "kajetan", "nestor", "donat", "renat", "fortunat", "honorat", "alfred",
    "zygfryd", "manfred", "wilfred", "edward", "ryszard", "leonard", "bernard", "gerard", "konrad", "edgar",
    "dawid", "david", "witold", "arnold", "leopold", "ronald", "donald", "harald", "gerald", "gotard", "medard",
    "eduard", "romuald", "rajmund", "edmund", "zygmund", "wiktor", "hektor", "igor", "oskar", "oscar", "artur",
    "arthur", "kacper", "oliwier", "olivier", "oliver", "oliwer", "walter", "roger", "peter", "werner", "ksawier",
    "xawier", "javier", "maksymilian", "tymon", "bazyl", "cyryl", "samuel", "daniel", "emanuel", "manuel",
    "gabriel", "rafael", "michael", "marcel", "karol", "emil", "kamil", "emanuil", "axel", "aksel", "noel", "abel",
    "izrael", "rafał", "michał", "błażej", "lech", "wojciech", "zbych", "patryk", "ludwik", "dominik", "henryk",
    "fryderyk", "eryk", "eric", "erik", "marek", "jarek", "darek", "bożydar", "otokar", "kasjan", "kasjusz", "oleg",
    "ludwig", "jerzyk", "łukasz", "tomasz", "mateusz", "grzegorz", "baltazar", "makary", "lazar", "łazarz",
    "dymitr", "aleksandr", "tadeusz", "zachar", "wincent", "vincent", "klaus", "markus", "magnus", "rasmus",
    "tomas", "lucas", "lukas", "nikolas", "mikołaj", "lars", "max", "maks", "alex", "felix", "feliks", "eustachy",
    "rodion", "anton", "artem", "kirył", "stepan", "bohdan", "witalij", "nazar", "rusłan", "timur", "waldemar",
    "otmar", "olgierd", "teodor", "szczepan", "teofil", "wasyl", "urban", "kornel", "andrij", "dymitrij", "taras",
    "maksymus", "hieronim", "sewer", "sewerin", "seweryn", "kryspin", "kwiryn", "longin", "saturnin", "faustyn",
))  # fmt: skip
# Endings that only men's names have here.
_MENS_ENDINGS = re.compile(
    r"(?:sław|mir|mierz|usz|asz|osz|ysz|ian|jan|dan|ton|mon|bert|ard|fryd|mund|wald|bor|gniew|wit|tyn|chał|ł"
    r"|ek|yk|ik|ak|uk|ej|aj|uj|iej|ś|ź|ń|ć|cz|rz|ż|ch)$"
)
_WOMEN = frozenset((
    "abigail", "agnes", "astrid", "beatrycze", "carmen", "dagmar", "doris", "edith", "elisabeth", "ester", "gwen",
    "helen", "ines", "inez", "ingrid", "iris", "karen", "karin", "karmen", "katrin", "lilian", "marion", "megan",
    "miriam", "nel", "nicol", "nikol", "noemi", "rachel", "ruth", "rut", "sharon", "vivian", "wiwian", "jennifer",
    "jasmin", "yasmin", "kim", "judyt", "marlen", "susan", "lauren", "evelyn", "carolyn", "sarah", "hannah", "deborah",
    "judith", "margaret", "esther", "vivien",
))  # fmt: skip
_HARD = {
    "b": "bie", "p": "pie", "w": "wie", "f": "fie", "m": "mie", "n": "nie", "s": "sie", "z": "zie", "t": "cie",
    "d": "dzie", "r": "rze", "ł": "le", "v": "vie", "x": "xie",
}  # fmt: skip
_SOFT = {"ś": "si", "ź": "zi", "ń": "ni", "ć": "ci"}
_SOFTENED_K = {"siek": "śk", "ciek": "ćk", "ziek": "źk", "niek": "ńk"}  # Krzysiek: Krzyśku
_WORD = re.compile(r"[^\s-]+")
_LETTERS = re.compile(r"[^\W\d_]+")


def vocative(name: str) -> str:
    """`Anna` gives `Anno`, `Anna Maria` gives `Anno Mario`; what is not known to be declined comes back unchanged."""
    if len(name) > LONGEST:
        return name
    return _WORD.sub(lambda word: _word(word[0]), name.strip())


def _word(word: str) -> str:
    if len(word) < 2 or not _LETTERS.fullmatch(word):
        return word
    lower = word.lower()
    called = _EXCEPTIONS.get(lower, "").lower() or _by_rule(lower)
    if called is None or called == lower:
        return word
    if word.isupper():
        return called.upper()
    return called if word == lower else called[0].upper() + called[1:]


def _by_rule(name: str) -> str | None:
    if name.endswith("a"):
        return _womans(name)
    if name in _WOMEN or not (name in _MEN or _MENS_ENDINGS.search(name) or name.endswith("io")):
        return None
    return _mans(name)


def _womans(name: str) -> str | None:
    """Or a man's in -a, which is declined alike."""
    stem = name[:-1]
    if stem[-1] in "aeiouyąęó" and stem[-1] != "i":
        return None  # Noa, Lea: foreign
    soft = name in _SOFT_WOMEN or (name.endswith(("sia", "zia", "cia", "unia")) and not _is_learned(name))
    return stem + ("u" if soft else "o")


def _is_learned(name: str) -> bool:
    """Latin names in -cia and -zia: no pet names."""
    return name.endswith(("azia", "lucia", "patricia", "alicia", "felicia", "letycia", "leticia", "lucrezia"))


def _mans(name: str) -> str | None:
    for ending, stem in _SOFTENED_K.items():
        if name.endswith(ending):
            return name[: -len(ending)] + stem + "u"
    if name.endswith("ek") and len(name) > 3:
        return name[:-2] + "ku"
    if name.endswith("io"):
        return name[:-1] + "u" if name.endswith(("sio", "zio", "cio", "nio")) and name not in _FOREIGN_IO else None
    if name.endswith(("ch", "k", "g", "h", "j", "l", "sz", "cz", "rz", "ż", "c")):
        return name + "u"
    if name[-1] in _SOFT:
        return name[:-1] + _SOFT[name[-1]] + "u"
    if name.endswith("st"):
        return name[:-2] + "ście"
    return name[:-1] + _HARD[name[-1]] if name[-1] in _HARD else None


_FOREIGN_IO = frozenset(("antonio", "eugenio", "arsenio", "fabrizio", "maurizio", "patricio", "mauricio"))
