import { QueryClient } from "@tanstack/react-query";
import { refusalOf } from "@/api/refusal";
import i18n from "@/i18n";

const WORTH_ASKING_AGAIN = new Set([0, 429, 502, 503, 504]);

/** What is known of the API's answers; one client for all pages. */
export const questions = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < 2 && WORTH_ASKING_AGAIN.has(refusalOf(error).status),
    },
  },
});

// Answers hold words of the language that they were asked in.
i18n.on("languageChanged", () => void questions.invalidateQueries());
