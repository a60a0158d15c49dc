import { NativeSelect, Tabs } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/areas/session/me";
import { Page } from "@/kit/Page";

/** `needs`: one of these permissions is enough. */
const TABS = [
  { name: "account", to: "/app/account", needs: [] },
  { name: "trial", to: "/app/account/trial", needs: ["account.read"] },
  { name: "users", to: "/app/account/users", needs: ["users.manage"] },
  { name: "roles", to: "/app/account/roles", needs: ["users.manage"] },
  { name: "keys", to: "/app/account/keys", needs: ["account.keys"] },
  { name: "profile", to: "/app/account/profile", needs: [] },
  { name: "security", to: "/app/account/security", needs: [] },
  { name: "rules", to: "/app/account/rules", needs: ["account.security"] },
  { name: "jobs", to: "/app/account/jobs", needs: ["contacts.read"] },
  { name: "webhooks", to: "/app/account/webhooks", needs: ["reports.webhooks"] },
  { name: "partners", to: "/app/account/partners", needs: ["sms.partners", "email.smtp"] },
  { name: "invoices", to: "/app/account/invoices", needs: ["account.invoices"] },
  { name: "audit", to: "/app/account/audit", needs: ["account.audit"] },
] as const satisfies { name: string; to: string; needs: readonly string[] }[];

/** The pages of the account, side by side. */
export function AccountFrame({ tab, actions, children }: { tab: (typeof TABS)[number]["name"]; actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { allowed, account_state } = useMe();
  const shown = TABS.filter(({ name, needs }) => (name !== "trial" || account_state === "trial" || tab === "trial") && ( needs.length === 0 || needs.some((one) => allowed.includes(one))));
  const words = (name: (typeof TABS)[number]["name"]) => t(`account.tabs.${name}`);
  const go = (name: string | null) => void navigate({ to: TABS.find((one) => one.name === name)?.to ?? "/app/account" });
  return (
    <Page title={words(tab)} actions={actions}>
      {/* Side by side they would fill a phone's screen. */}
      <NativeSelect
        hiddenFrom="sm"
        aria-label={t("account.pages")}
        value={tab}
        onChange={(event) => go(event.currentTarget.value)}
        data={shown.map(({ name }) => ({ value: name, label: words(name) }))}
      />
      <Tabs value={tab} onChange={go} activateTabWithKeyboard={false}>
        <Tabs.List mb="md" visibleFrom="sm">
          {shown.map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {words(name)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>{children}</Tabs.Panel>
      </Tabs>
    </Page>
  );
}
