import { createTheme, type MantineColorsTuple } from "@mantine/core";

// The shade of buttons and links (7 in light, 8 under white words in dark) has 4.5:1 and more.
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
});
