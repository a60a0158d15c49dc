import { Center, Loader } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf } from "@/api/client";
import { refusalOf } from "@/api/refusal";
import * as session from "@/api/session";
import { MeContext } from "@/areas/session/me";
import { useIdleLock } from "@/areas/session/useIdleLock";
import { ProblemAlert } from "@/kit/States";
import { TimeZone } from "@/kit/times";
import { Shell } from "@/shell/Shell";

const ME = ["me"];

async function whoIsThere(): Promise<session.Me | null> {
  if (!session.token() && !(await session.renew())) return null;
  try {
    return await bodyOf(api.GET("/v1/me"));
  } catch (error) {
    if (refusalOf(error).status === 401) return null;
    throw error;
  }
}

/** The pages behind the log-in: whoever is not logged in is asked to, and comes back to where they wanted to be. */
export function Gate() {
  const { t } = useTranslation();
  const known = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const me = useQuery({ queryKey: ME, queryFn: whoIsThere, staleTime: 30_000 });

  useEffect(
    () =>
      session.onEnd(() => {
        known.clear();
        void navigate({ to: "/app/login" });
      }),
    [known, navigate],
  );
  useIdleLock();
  const isStranger = me.data === null;
  useEffect(() => {
    if (isStranger) void navigate({ to: "/app/login", search: { to: router.latestLocation.href } as never, replace: true });
  }, [isStranger, navigate, router]);

  if (me.error) return <ProblemAlert error={me.error} retry={() => void me.refetch()} />;
  if (!me.data) {
    return (
      <Center h="100vh">
        <Loader aria-label={t("state.loading")} />
      </Center>
    );
  }
  return (
    <MeContext value={me.data}>
      <TimeZone value={me.data.time_zone}>
        <Shell>
          <Outlet />
        </Shell>
      </TimeZone>
    </MeContext>
  );
}
