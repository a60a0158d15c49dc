import { useEffect } from "react";
import * as session from "@/api/session";

const IDLE_MS = 60 * 60_000;
const LOOK_MS = 15_000;
/** When somebody last touched any tab: who works in one is at the desk of all. */
const LAST_ACT = "wici-last-act";
const ACTS = ["pointerdown", "keydown", "visibilitychange"] as const;

/** Ends the session of a desk that nobody sits at; a machine that slept asks for the log-in before it shows anything new. */
export function useIdleLock() {
  useEffect(() => {
    const note = () => localStorage.setItem(LAST_ACT, String(Date.now()));
    const isIdle = () => Date.now() - Number(localStorage.getItem(LAST_ACT)) > IDLE_MS;
    const look = () => isIdle() && session.token() && void session.logOut();
    const act = () => (isIdle() ? look() : note());
    note();
    const timer = window.setInterval(look, LOOK_MS);
    for (const one of ACTS) document.addEventListener(one, act);
    return () => {
      window.clearInterval(timer);
      for (const one of ACTS) document.removeEventListener(one, act);
    };
  }, []);
}
