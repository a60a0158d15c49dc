const ASKED_AGAIN = "wici-asked-again";
const SAID = { pl: "Nie udało się wczytać strony. Odśwież ją za chwilę.", en: "The page could not be loaded. Reload it in a moment." };

/**
 * The words of the page did not come. Once the page is loaded again, for a new version has other files than the page
 * names; then it is said in both languages.
 */
export function withoutWords(place: HTMLElement, reload: () => void = () => globalThis.location.reload()): void {
  if (sessionStorage.getItem(ASKED_AGAIN) === null) {
    sessionStorage.setItem(ASKED_AGAIN, "once");
    reload();
    return;
  }
  withWords();
  for (const [lang, words] of Object.entries(SAID)) place.append(Object.assign(document.createElement("p"), { lang, role: "alert", textContent: words }));
}

/** The next time that they do not come is the first one again. */
export function withWords(): void {
  sessionStorage.removeItem(ASKED_AGAIN);
}
