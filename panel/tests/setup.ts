import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, vi } from "vitest";
import { chooseLanguage, fetchMoreWords } from "@/i18n";

afterEach(cleanup);
configure({ asyncUtilTimeout: 20_000 });

// A busy machine: time goes by after each act, in which a page may ask for something a moment after a key.
const pause = Number(process.env.WICI_SLOW_HANDS_MS ?? 0);
if (pause > 0) {
  for (const act of ["click", "type", "clear", "tab", "keyboard", "upload", "selectOptions"] as const) {
    const quick = userEvent[act] as (...all: unknown[]) => Promise<void>;
    const slow = async (...all: unknown[]) => {
      await quick(...all);
      await new Promise((soon) => setTimeout(soon, pause));
    };
    Object.assign(userEvent, { [act]: slow });
  }
}

// What Mantine asks of a browser and jsdom has not.
Object.defineProperty(window, "matchMedia", {
  value: (media: string) => ({ media, matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn(), addListener: vi.fn(), removeListener: vi.fn() }),
});
Object.defineProperty(document, "fonts", { value: new EventTarget() });
window.scrollTo = vi.fn() as typeof window.scrollTo;
window.HTMLElement.prototype.scrollIntoView = vi.fn();
globalThis.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

// A test may say at any moment which language it is about, and open any page.
await fetchMoreWords("rest", "operator");
for (const language of ["pl", "en"] as const) await chooseLanguage(language);
