import { Text } from "@mantine/core";

interface Told {
  code?: string | null;
  meaning?: string | null;
  detail?: string | null;
}

/** As receipts of SMS spell that there is no error. */
const NO_ERROR = /^0+$/;
/** A code of our own, which is a word and tells no more than its meaning. */
const OWN = /^[a-z_]+(\.[a-z_]+)?$/;

/** The code and what was said beside it, for whoever asks the other side about that: without what the meaning says already. */
export function answeredBy({ code, meaning, detail }: Told): string {
  const isSaid = !code || NO_ERROR.test(code) || (meaning && OWN.test(code));
  return [!isSaid && code, detail !== meaning && detail].filter(Boolean).join(" ");
}

/** What the other side said: its code in words where they are known, and the code itself. */
export function Code({ of }: { of: Told }) {
  const said = answeredBy(of);
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
