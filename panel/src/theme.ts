import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

// The shade of buttons (7) has 5.9:1 under white words.
const sea: MantineColorsTuple = [
  "#e6f7f6", "#cdebea", "#9fd9d7", "#6cc4c1", "#43b0ad", "#26938f", "#117c79", "#0b6e6e", "#075a5a", "#034646",
];

export const theme = createTheme({
  primaryColor: "sea",
  primaryShade: { light: 7, dark: 7 },
  colors: { sea },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
  headings: { fontWeight: "650" },
  // A dialog's head is no banner of the page, which has one already.
  components: { ModalHeader: { defaultProps: { role: "none" } } },
});

/** Quiet words and what is written small keep 4.5:1 on their ground, in both schemes. */
export const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#495057",
    "--mantine-color-placeholder": "#5c636a",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-red-light-color": "#a61e1e",
    "--mantine-color-orange-light-color": "#9a3f00",
    "--mantine-color-teal-light-color": "#075c43",
    "--mantine-color-blue-light-color": "#1352a1",
    "--mantine-color-violet-light-color": "#5326b8",
    "--mantine-color-gray-light-color": "#343a40",
    "--mantine-color-sea-light-color": "#065353",
    "--mantine-color-anchor": "#0b6e6e",
  },
  dark: {
    // A step lighter than a card, for what cannot be pressed to be a button still.
    "--mantine-color-disabled": "#3b3b3b",
    "--mantine-color-disabled-color": "#a3a9b0",
    "--mantine-color-dimmed": "#b6bcc2",
    "--mantine-color-placeholder": "#a3a9b0",
    "--mantine-color-error": "#ff8787",
    "--mantine-color-orange-light": "#3f2b16",
    "--mantine-color-orange-light-hover": "#4a331b",
    "--mantine-color-red-light-color": "#ffb3b3",
    "--mantine-color-orange-light-color": "#ffc78a",
    "--mantine-color-teal-light-color": "#8ce3c5",
    "--mantine-color-blue-light-color": "#a5d0ff",
    "--mantine-color-violet-light-color": "#c9b5ff",
    "--mantine-color-gray-light-color": "#d5d9dd",
    "--mantine-color-sea-light-color": "#8edcd9",
    "--mantine-color-anchor": "#6cc4c1",
  },
});
