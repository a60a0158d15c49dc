import { NavLink, ScrollArea, Text } from "@mantine/core";
import { Link, useLocation } from "@tanstack/react-router";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/areas/session/me";

const HOME = { to: "/app", label: "nav.home", needs: null } as const;
const AREAS = [
  {
    label: "nav.area.messages",
    places: [
      { to: "/app/campaigns", label: "nav.campaigns", needs: null },
      { to: "/app/conversations", label: "nav.conversations", needs: "reports.read" },
      { to: "/app/keywords", label: "nav.keywords", needs: "sms.keywords" },
    ],
  },
  {
    label: "nav.area.audience",
    places: [
      { to: "/app/contacts", label: "nav.contacts", needs: "contacts.read" },
      { to: "/app/groups", label: "nav.groups", needs: "contacts.read" },
      { to: "/app/segments", label: "nav.segments", needs: "contacts.read" },
      { to: "/app/fields", label: "nav.fields", needs: "contacts.read" },
      { to: "/app/imports", label: "nav.imports", needs: "contacts.import" },
      { to: "/app/forms", label: "nav.forms", needs: "contacts.read" },
      { to: "/app/archive", label: "nav.archive", needs: "contacts.read" },
      { to: "/app/privacy", label: "nav.privacy", needs: "contacts.erase" },
    ],
  },
  {
    label: "nav.area.content",
    places: [
      { to: "/app/templates", label: "nav.templates", needs: null },
      { to: "/app/files", label: "nav.files", needs: "email.campaigns.read" },
      { to: "/app/links", label: "nav.links", needs: null },
      { to: "/app/unsubscribe-pages", label: "nav.leaving", needs: "email.campaigns.read" },
    ],
  },
  {
    label: "nav.area.results",
    places: [
      { to: "/app/messages", label: "nav.messages", needs: "reports.read" },
      { to: "/app/compare", label: "nav.compare", needs: "reports.read" },
      { to: "/app/report-schedules", label: "nav.schedules", needs: "reports.read" },
    ],
  },
  {
    label: "nav.area.settings",
    places: [
      { to: "/app/senders", label: "nav.senders", needs: null },
      { to: "/app/account", label: "nav.account", needs: null },
    ],
  },
] as const;

type Area = (typeof AREAS)[number];
type PlaceOf = typeof HOME | Area["places"][number];

/** Where one may go, by what one wants to do there. */
export function Navigation() {
  return (
    <ScrollArea type="auto">
      <Place place={HOME} />
      {AREAS.map((area) => (
        <Places key={area.label} area={area} />
      ))}
    </ScrollArea>
  );
}

function Places({ area }: { area: Area }) {
  const { t } = useTranslation();
  const { allowed } = useMe();
  const id = useId();
  const shown = area.places.filter(({ needs }) => !needs || allowed.includes(needs));
  if (shown.length === 0) return null;
  return (
    <div role="group" aria-labelledby={id}>
      <Text id={id} size="xs" fw={700} px="sm" pt={6}>
        {t(area.label)}
      </Text>
      {shown.map((place) => (
        <Place key={place.to} place={place} />
      ))}
    </div>
  );
}

function Place({ place }: { place: PlaceOf }) {
  const { t } = useTranslation();
  const here = useLocation({ select: (location) => location.pathname });
  const isHome = place.to === HOME.to;
  const isHere = isHome ? here === place.to : here.startsWith(place.to);
  return (
    <NavLink
      component={Link}
      to={place.to}
      label={t(place.label)}
      active={isHere}
      activeOptions={{ exact: isHome }}
      color="sea"
      variant="light"
      fw={isHere ? 650 : 450}
      py={2}
      style={{ borderRadius: 8 }}
    />
  );
}
