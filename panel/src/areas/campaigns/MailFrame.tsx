import { Box } from "@mantine/core";

const LOOK = {
  height: 520, border: "1px solid var(--mantine-color-default-border)", borderRadius: 8, background: "#fff", display: "block",
  margin: "0 auto", colorScheme: "light",
} as const;

/** A frame as wide as a phone is never wider than the phone that it is looked at on. */
const PHONE = 360;

/** A mail in a frame of its own that runs nothing and loads nothing. */
export function MailFrame({ title, html, width }: { title: string; html: string; width: number }) {
  return (
    <Box maw="100%" style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label={title}>
      <iframe title={title} sandbox="" srcDoc={html} style={{ ...LOOK, width, maxWidth: width <= PHONE ? "100%" : undefined }} />
    </Box>
  );
}
