"""How letters address people, by the names that Poles have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocative import LONGEST, vocative

DECLINED = """
Anna Anno, Maria Mario, Katarzyna Katarzyno, Małgorzata Małgorzato, Agnieszka Agnieszko, Barbara Barbaro,
Ewa Ewo, Krystyna Krystyno, Elżbieta Elżbieto, Magdalena Magdaleno, Joanna Joanno, Zofia Zofio, Teresa
Tereso, Aleksandra Aleksandro, Monika Moniko, Janina Janino, Danuta Danuto, Natalia Natalio, Julia Julio,
Karolina Karolino, Marta Marto, Beata Beato, Dorota Doroto, Jadwiga Jadwigo, Justyna Justyno, Halina Halino,
Irena Ireno, Alicja Alicjo, Jolanta Jolanto, Grażyna Grażyno, Iwona Iwono, Wiktoria Wiktorio, Renata Renato,
Hanna Hanno, Bożena Bożeno, Paulina Paulino, Weronika Weroniko, Urszula Urszulo, Sylwia Sylwio, Emilia
Emilio, Maja Maju, Oliwia Oliwio, Lena Leno, Laura Lauro, Zuzanna Zuzanno, Amelia Amelio, Patrycja Patrycjo,
Aneta Aneto, Izabela Izabelo, Gabriela Gabrielo, Kamila Kamilo, Daniela Danielo, Aniela Anielo, Ludmiła
Ludmiło, Bogumiła Bogumiło, Stanisława Stanisławo, Wanda Wando, Mariola Mariolo, Edyta Edyto, Klaudia
Klaudio, Dominika Dominiko, Angelika Angeliko, Martyna Martyno, Ilona Ilono, Lidia Lidio, Genowefa Genowefo,
Helena Heleno, Łucja Łucjo, Cecylia Cecylio, Nadia Nadio, Daria Dario, Kinga Kingo, Iga Igo, Jagoda Jagodo,
Nina Nino, Liliana Liliano, Pola Polu, Kalina Kalino, Malwina Malwino, Milena Mileno, Nikola Nikolo, Kasia
Kasiu, Basia Basiu, Zosia Zosiu, Gosia Gosiu, Małgosia Małgosiu, Ania Aniu, Hania Haniu, Asia Asiu, Joasia
Joasiu, Krysia Krysiu, Marysia Marysiu, Jadzia Jadziu, Madzia Madziu, Zuzia Zuziu, Ola Olu, Ala Alu, Ela
Elu, Ula Ulu, Jola Jolu, Agata Agato, Marlena Marleno, Eugenia Eugenio, Stefania Stefanio, Melania Melanio,
Antonina Antonino, Apolonia Apolonio, Kornelia Kornelio, Olga Olgo, Róża Różo, Bronisława Bronisławo,
Władysława Władysławo, Jan Janie, Andrzej Andrzeju, Piotr Piotrze, Krzysztof Krzysztofie, Stanisław
Stanisławie, Tomasz Tomaszu, Paweł Pawle, Józef Józefie, Marcin Marcinie, Marek Marku, Michał Michale,
Grzegorz Grzegorzu, Tadeusz Tadeuszu, Adam Adamie, Łukasz Łukaszu, Zbigniew Zbigniewie, Ryszard Ryszardzie,
Dariusz Dariuszu, Henryk Henryku, Mariusz Mariuszu, Kazimierz Kazimierzu, Wojciech Wojciechu, Robert
Robercie, Mateusz Mateuszu, Marian Marianie, Rafał Rafale, Jacek Jacku, Janusz Januszu, Mirosław Mirosławie,
Maciej Macieju, Sławomir Sławomirze, Jarosław Jarosławie, Kamil Kamilu, Wiesław Wiesławie, Roman Romanie,
Władysław Władysławie, Jakub Jakubie, Artur Arturze, Zdzisław Zdzisławie, Edward Edwardzie, Mieczysław
Mieczysławie, Damian Damianie, Dawid Dawidzie, Przemysław Przemysławie, Sebastian Sebastianie, Czesław
Czesławie, Leszek Leszku, Daniel Danielu, Waldemar Waldemarze, Patryk Patryku, Szymon Szymonie, Filip
Filipie, Bartosz Bartoszu, Karol Karolu, Konrad Konradzie, Hubert Hubercie, Bartłomiej Bartłomieju, Adrian
Adrianie, Bogdan Bogdanie, Krystian Krystianie, Wiktor Wiktorze, Aleksander Aleksandrze, Kacper Kacprze,
Oskar Oskarze, Igor Igorze, Mikołaj Mikołaju, Franciszek Franciszku, Leon Leonie, Aleks Aleksie, Oliwier
Oliwierze, Miłosz Miłoszu, Natan Natanie, Tymon Tymonie, Tymoteusz Tymoteuszu, Gabriel Gabrielu, Norbert
Norbercie, Emil Emilu, Radosław Radosławie, Arkadiusz Arkadiuszu, Ireneusz Ireneuszu, Eugeniusz Eugeniuszu,
Witold Witoldzie, Zygmunt Zygmuncie, Lech Lechu, Ludwik Ludwiku, Błażej Błażeju, Ernest Erneście, Kuba Kubo,
Tomek Tomku, Bartek Bartku, Wojtek Wojtku, Krzysiek Krzyśku, Maciek Maćku, Staszek Staszku, Jaś Jasiu, Staś
Stasiu, Józio Józiu, Henio Heniu, Mieszko Mieszku, Borys Borysie, Olgierd Olgierdzie, Gustaw Gustawie,
Fryderyk Fryderyku, Dominik Dominiku, Eryk Eryku, Rudolf Rudolfie, Alfred Alfredzie, Brian Brianie, Waldemar
Waldemarze, Ksenia Ksenio, Mia Mio, Bernard Bernardzie, Samuel Samuelu, Marcel Marcelu, Ziemowit Ziemowicie,
Bolesław Bolesławie, Sylwester Sylwestrze, Maksymilian Maksymilianie, Julian Julianie, Fabian Fabianie,
Gracjan Gracjanie, Kajetan Kajetanie, Florian Florianie, Cyprian Cyprianie, Seweryn Sewerynie, Albin
Albinie, Benedykt Benedykcie, Teodor Teodorze, Tobiasz Tobiaszu, Juliusz Juliuszu, Roksana Roksano, Blanka
Blanko, Bianka Bianko, Nela Nelu, Mila Milu, Anastazja Anastazjo, Zoja Zoju, Kaja Kaju, Sonia Soniu, Tamara
Tamaro, Bogusława Bogusławo, Wiesława Wiesławo, Żaneta Żaneto, Violetta Violetto, Wioletta Wioletto,
Kleopatra Kleopatro, Leokadia Leokadio, Rozalia Rozalio, Felicja Felicjo, Honorata Honorato, Kunegunda
Kunegundo, Luiza Luizo, Matylda Matyldo, Otylia Otylio, Pelagia Pelagio, Salomea Salomeo, Tekla Teklo,
Walentyna Walentyno, Waleria Walerio, Zenobia Zenobio, Zyta Zyto, Dobrawa Dobrawo, Andżelika Andżeliko,
Marzena Marzeno, Lucyna Lucyno, Regina Regino, Bernadeta Bernadeto, Sandra Sandro, Sara Saro, Inga Ingo,
Michalina Michalino, Marcelina Marcelino, Adrianna Adrianno, Bogna Bogno, Celina Celino, Dagmara Dagmaro,
Eliza Elizo, Diana Diano, Adela Adelo, Wiola Wiolu, Ewelina Ewelino
"""
UNCHANGED = """
Jerzy, Antoni, Ignacy, Ksawery, Bruno, Hugo, Iwo, Mario, Antonio, Miriam, Noemi, Carmen, Ingrid, Nicole,
Karen, Juan, Lea, Noa, Zoe, Cezary, Jeremi
Zhang, Nguyen, Mohammed, John, Kevin, Zoe, Salah, Serhii, Kowalski, Sklep
"""


def listed(text):
    return [entry.strip() for entry in text.replace("\n", " ").split(",")]


@pytest.mark.parametrize("pair", listed(DECLINED))
def test_names_are_declined(pair):
    name, called = pair.split()

    assert vocative(name) == called
    assert vocative(name.upper()) == called.upper()
    assert vocative(name.lower()) == called.lower()


@pytest.mark.parametrize("name", listed(UNCHANGED))
def test_what_is_not_known_to_be_declined_stays(name):
    assert vocative(name) == name


def test_there_are_over_two_hundred():
    assert len(set(listed(DECLINED))) > 200


def test_each_of_several_names_is_declined():
    assert vocative(" Anna Maria ") == "Anno Mario"
    assert vocative("Anna-Maria") == "Anno-Mario"
    assert (vocative(""), vocative("A"), vocative("Jan3"), vocative("a" * 61)) == ("", "A", "Jan3", "a" * 61)


@given(st.text(max_size=80))
def test_any_text_is_taken_and_grows_by_little(text):
    called = vocative(text)

    assert len(called) <= len(text) + 3 * len(text.split() or [""]) + 3 * text.count("-")
    if len(text) > LONGEST:
        assert called == text
