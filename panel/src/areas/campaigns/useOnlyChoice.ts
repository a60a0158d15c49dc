import { useEffect, useRef } from "react";

/** Takes what is the only thing to choose, once, where nothing has been chosen. */
export function useOnlyChoice(chosen: string, choices: string[] | undefined, choose: (only: string) => void) {
  const latest = useRef(choose);
  useEffect(() => {
    latest.current = choose;
  });
  const only = choices?.length === 1 ? choices[0] : undefined;
  const isOpen = useRef(chosen === "");
  useEffect(() => {
    if (!only || !isOpen.current) return;
    isOpen.current = false;
    latest.current(only);
  }, [only]);
}
