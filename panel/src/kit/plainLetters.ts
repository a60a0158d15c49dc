/** In small letters without accents: `Łódź` is `lodz`. */
export const plainLetters = (words: string) => words.toLowerCase().replaceAll("ł", "l").normalize("NFD").replaceAll(/\p{M}/gu, "");
