import type { ReactNode } from "react";

/** An e-mail address that does not fit on a line is broken before its `@`, and not in the middle of a word. */
export function breakable(words: ReactNode): ReactNode {
  const place = typeof words === "string" ? words.indexOf("@") : -1;
  if (typeof words !== "string" || place < 1) return words;
  return (
    <span className="breakable">
      {words.slice(0, place)}
      <wbr />
      {words.slice(place)}
    </span>
  );
}
