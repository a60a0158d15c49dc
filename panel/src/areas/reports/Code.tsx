import { Text } from "@mantine/core";

/** As receipts of SMS spell that there is none. */
const NO_ERROR = /^0+$/;

/** What the other side said: its code in words where they are known, and the code itself for whoever asks it about that. */
export function Code({ of, also }: { of: { code?: string | null; meaning?: string | null }; also?: string | null }) {
  const said = [of.code, also].filter((one) => one && !NO_ERROR.test(one)).join(" ");
  return (
    <>
      {of.meaning && <Text size="sm">{of.meaning}</Text>}
      {said && (
        <Text size="sm" c={of.meaning ? "dimmed" : undefined} style={{ overflowWrap: "anywhere" }}>
          {said}
        </Text>
      )}
    </>
  );
}
