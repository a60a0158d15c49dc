import { Anchor } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";

interface MendProps {
  to: string;
  search?: Record<string, string>;
  /** Keeps what is written so far: it is there on the way back. Where that is refused, nobody is led away from it. */
  keep?: () => Promise<unknown>;
  children: ReactNode;
}

/** The way to where something is put right that a draft needs; from there one leads back (`Page`). */
export function Mend({ to, search, keep, children }: MendProps) {
  const navigate = useNavigate();
  const router = useRouter();
  const go = useMutation({
    mutationFn: async () => {
      const back = router.state.location.href;
      await keep?.();
      await navigate({ to, search: { ...search, back } as never });
    },
  });
  return (
    <Anchor component="button" type="button" size="sm" underline="always" ta="start" mih={24} disabled={go.isPending} onClick={() => go.mutate()}>
      {children}
    </Anchor>
  );
}
