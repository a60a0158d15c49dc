import { ActionIcon, Alert, Anchor, AppShell, Burger, Group, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/areas/session/me";
import { LanguageChoice } from "@/shell/LanguageChoice";
import { Logo } from "@/shell/Logo";
import { Navigation } from "@/shell/Navigation";
import { Notices } from "@/shell/Notices";
import { Offline } from "@/shell/Offline";
import { Person } from "@/shell/Person";

/** What stands around every page: where one is, where one may go, who one is. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const me = useMe();
  const here = useLocation({ select: (location) => location.pathname });
  const [opened, { toggle, close }] = useDisclosure(false);
  useEffect(close, [here, close]);
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !opened } }} padding="md">
      <a href="#content" className="skip-link">
        {t("shell.skip")}
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("shell.menu")} aria-expanded={opened} />
            <Logo />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LanguageChoice />
            <ColourSwitch />
            <Person login={me.login} account={me.account_name} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={t("shell.areas")}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Offline />
        <AccountNotice />
        {children}
      </AppShell.Main>
      <Notices />
    </AppShell>
  );
}

function AccountNotice() {
  const { t } = useTranslation();
  const { account_state, second_factor_due } = useMe();
  return (
    <>
      {account_state === "trial" && (
        <Alert color="blue" variant="light" mb="md" title={t("shell.trialTitle")}>
          {t("shell.trial")}{" "}
          <Anchor component={Link} to="/app/account/trial" underline="always" inherit>
            {t("shell.trialNumbers")}
          </Anchor>{" · "}
          <Anchor component={Link} to="/app/account/profile" underline="always" inherit>
            {t("account.tabs.profile")}
          </Anchor>
        </Alert>
      )}
      {(account_state === "suspended" || account_state === "closing") && (
        <Alert color="red" variant="light" mb="md">
          {t(`shell.${account_state}`)}
        </Alert>
      )}
      {second_factor_due && (
        <Alert color="orange" variant="light" mb="md">
          {t("shell.secondFactorDue")}{" "}
          <Anchor component={Link} to="/app/account/security" underline="always" inherit>
            {t("shell.security")}
          </Anchor>
        </Alert>
      )}
    </>
  );
}

function ColourSwitch() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = { auto: "light", light: "dark", dark: "auto" } as const;
  const sign = { auto: "◐", light: "☀", dark: "☾" } as const;
  return (
    <ActionIcon
      variant="default"
      size="md"
      aria-label={t("shell.colours", { now: t(`shell.scheme.${colorScheme}`) })}
      title={t(`shell.scheme.${colorScheme}`)}
      onClick={() => setColorScheme(next[colorScheme])}
    >
      <span aria-hidden>{sign[colorScheme]}</span>
    </ActionIcon>
  );
}
