import { use, useEffect, useRef } from "react";
import { EditContext } from "@/kit/ChangedMeanwhile";

/** Takes what is the only thing to choose, once, where nothing has been chosen. */
export function useOnlyChoice(chosen: string, choices: string[] | undefined, choose: (only: string) => void) {
  const { quietly } = use(EditContext);
  const latest = useRef(choose);
  useEffect(() => {
    latest.current = (one) => quietly(() => choose(one));
  });
  const only = choices?.length === 1 ? choices[0] : undefined;
  const isOpen = useRef(chosen === "");
  useEffect(() => {
    if (!only || !isOpen.current) return;
    isOpen.current = false;
    latest.current(only);
  }, [only]);
}
