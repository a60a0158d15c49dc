import { useRef } from "react";
import { flushSync } from "react-dom";

/**
 * Puts words into a text where somebody last wrote in its field, or at the end where nobody has been yet; then the caret is
 * behind them. `field` are properties of the field.
 */
export function useInsertion<F extends HTMLInputElement | HTMLTextAreaElement>(text: string, write: (text: string) => void) {
  const ref = useRef<F>(null);
  const hasCaret = useRef(false);
  const onSelect = () => {
    hasCaret.current = true;
  };
  const insert = (words: string) => {
    const field = ref.current;
    const caret = hasCaret.current ? field : null;
    const from = caret?.selectionStart ?? text.length;
    const to = caret?.selectionEnd ?? text.length;
    // A caret can only be set in what the field already holds.
    flushSync(() => write(text.slice(0, from) + words + text.slice(to)));
    field?.focus();
    field?.setSelectionRange(from + words.length, from + words.length);
  };
  return { field: { ref, onSelect }, insert };
}
