import "@/mantine.css";
import "@/shell/shell.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ready } from "@/i18n";
import { questions } from "@/questions";
import { router } from "@/router";
import { withoutWords, withWords } from "@/shell/withoutWords";
import { readable, theme } from "@/theme";

const root = document.getElementById("root");
if (root) void ready.then(() => show(root), () => withoutWords(root));

function show(place: HTMLElement) {
  withWords();
  createRoot(place).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={readable} defaultColorScheme="auto">
        <QueryClientProvider client={questions}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
