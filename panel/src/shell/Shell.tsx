import { ActionIcon, Alert, AppShell, Burger, Group, Menu, NavLink, ScrollArea, Text, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import * as session from "@/api/session";
import { useMe } from "@/areas/session/me";
import { LanguageChoice } from "@/shell/LanguageChoice";
import { Logo } from "@/shell/Logo";

const PLACES = [
  { to: "/app", label: "nav.home", needs: null },
  { to: "/app/contacts", label: "nav.contacts", needs: "contacts.read" },
  { to: "/app/groups", label: "nav.groups", needs: "contacts.read" },
  { to: "/app/imports", label: "nav.imports", needs: "contacts.import" },
  { to: "/app/archive", label: "nav.archive", needs: "contacts.read" },
  { to: "/app/campaigns", label: "nav.campaigns", needs: null },
  { to: "/app/templates", label: "nav.templates", needs: null },
  { to: "/app/files", label: "nav.files", needs: "email.campaigns.read" },
  { to: "/app/links", label: "nav.links", needs: null },
  { to: "/app/messages", label: "nav.messages", needs: "reports.read" },
  { to: "/app/conversations", label: "nav.conversations", needs: "reports.read" },
  { to: "/app/senders", label: "nav.senders", needs: null },
  { to: "/app/account", label: "nav.account", needs: null },
] as const;

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
        <ScrollArea>
          {PLACES.filter((place) => !place.needs || me.allowed.includes(place.needs)).map((place) => {
            const isHere = place.to === "/app" ? here === "/app" : here.startsWith(place.to);
            return (
              <NavLink
                key={place.to}
                component={Link}
                to={place.to}
                label={t(place.label)}
                active={isHere}
                activeOptions={{ exact: place.to === "/app" }}
                color="sea"
                variant="light"
                fw={isHere ? 650 : 450}
                style={{ borderRadius: 8 }}
              />
            );
          })}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <AccountNotice />
        {children}
      </AppShell.Main>
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
          {t("shell.trial")}
        </Alert>
      )}
      {(account_state === "suspended" || account_state === "closing") && (
        <Alert color="red" variant="light" mb="md">
          {t(`shell.${account_state}`)}
        </Alert>
      )}
      {second_factor_due && (
        <Alert color="orange" variant="light" mb="md">
          {t("shell.secondFactorDue")}
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

function Person({ login, account }: { login: string; account: string }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="filled" radius="xl" size="lg" aria-label={t("shell.person", { login })}>
          <span aria-hidden>{login.slice(0, 1).toUpperCase()}</span>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)">
            {login}
          </Text>
          <Text size="sm" c="var(--mantine-color-text)">
            {account}
          </Text>
        </Menu.Label>
        <Menu.Item component={Link} to="/app/account/security">
          {t("shell.security")}
        </Menu.Item>
        <Menu.Item onClick={() => void session.logOut()}>{t("shell.logOut")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
