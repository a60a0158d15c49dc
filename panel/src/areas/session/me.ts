import { createContext, useContext } from "react";
import type { Me } from "@/api/session";

export const MeContext = createContext<Me | null>(null);

/** Who is logged in; only for pages behind the log-in. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error("useMe outside of the session");
  return me;
}

/** Whether the session may do what a permission's name says. */
export function useAllowed(permission: string): boolean {
  return useMe().allowed.includes(permission);
}
