import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate, Outlet } from "@tanstack/react-router";
import { Forgotten } from "@/areas/session/Forgotten";
import { Gate } from "@/areas/session/Gate";
import { LogIn } from "@/areas/session/LogIn";
import { Register } from "@/areas/session/Register";
import { readSearch } from "@/kit/search";
import { NotFound, Unexpected } from "@/shell/Failures";

// Every page's code is its own file, fetched when it is first looked at.
const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Unexpected,
  validateSearch: readSearch,
});
const start = createRoute({ getParentRoute: () => root, path: "/", component: () => <Navigate to="/app" /> });
const logIn = createRoute({ getParentRoute: () => root, path: "/app/login", component: LogIn });
const register = createRoute({ getParentRoute: () => root, path: "/app/register", component: Register });
const forgotten = createRoute({ getParentRoute: () => root, path: "/app/forgotten", component: Forgotten });
const inside = createRoute({ getParentRoute: () => root, id: "inside", component: Gate });

const campaigns = {
  list: () => import("@/areas/campaigns/CampaignList"),
  one: () => import("@/areas/campaigns/CampaignPage"),
};

const pages = [
  page("/app", lazyRouteComponent(() => import("@/areas/home/Home"), "Home")),
  page("/app/contacts", lazyRouteComponent(() => import("@/areas/contacts/ContactList"), "ContactList")),
  page("/app/contacts/$contactId", lazyRouteComponent(() => import("@/areas/contacts/ContactPage"), "ContactPage")),
  page("/app/groups", lazyRouteComponent(() => import("@/areas/contacts/GroupList"), "GroupList")),
  page("/app/imports", lazyRouteComponent(() => import("@/areas/contacts/ImportList"), "ImportList")),
  page("/app/imports/new", lazyRouteComponent(() => import("@/areas/contacts/ImportWizard"), "ImportWizard")),
  page("/app/imports/$importId", lazyRouteComponent(() => import("@/areas/contacts/ImportPage"), "ImportPage")),
  page("/app/campaigns", lazyRouteComponent(campaigns.list, "CampaignList")),
  page("/app/campaigns/new", lazyRouteComponent(() => import("@/areas/campaigns/NewCampaign"), "NewCampaign")),
  page("/app/campaigns/$campaignId", lazyRouteComponent(campaigns.one, "CampaignPage")),
  page("/app/messages", lazyRouteComponent(() => import("@/areas/reports/MessageList"), "MessageList")),
  page("/app/messages/$messageId", lazyRouteComponent(() => import("@/areas/reports/MessagePage"), "MessagePage")),
  page("/app/templates", lazyRouteComponent(() => import("@/areas/templates/TemplateList"), "TemplateList")),
  page("/app/templates/new", lazyRouteComponent(() => import("@/areas/templates/TemplatePage"), "NewTemplate")),
  page("/app/templates/$templateId", lazyRouteComponent(() => import("@/areas/templates/TemplatePage"), "TemplatePage")),
  page("/app/conversations", lazyRouteComponent(() => import("@/areas/conversations/ConversationList"), "ConversationList")),
  page("/app/conversations/$phone", lazyRouteComponent(() => import("@/areas/conversations/ConversationPage"), "ConversationPage")),
  page("/app/files", lazyRouteComponent(() => import("@/areas/files/FileList"), "FileList")),
  page("/app/links", lazyRouteComponent(() => import("@/areas/links/LinkList"), "LinkList")),
  page("/app/archive", lazyRouteComponent(() => import("@/areas/archive/ArchiveList"), "ArchiveList")),
  page("/app/senders", lazyRouteComponent(() => import("@/areas/senders/Senders"), "Senders")),
  page("/app/account", lazyRouteComponent(() => import("@/areas/account/Account"), "Account")),
  page("/app/account/users", lazyRouteComponent(() => import("@/areas/account/Users"), "Users")),
  page("/app/account/keys", lazyRouteComponent(() => import("@/areas/account/Keys"), "Keys")),
  page("/app/account/security", lazyRouteComponent(() => import("@/areas/account/Security"), "Security")),
  page("/app/account/webhooks", lazyRouteComponent(() => import("@/areas/account/Webhooks"), "Webhooks")),
];

function page(path: string, component: ReturnType<typeof lazyRouteComponent>) {
  return createRoute({ getParentRoute: () => inside, path, component });
}

export const router = createRouter({
  routeTree: root.addChildren([start, logIn, register, forgotten, inside.addChildren(pages)]),
  defaultPreload: "intent",
  scrollRestoration: true,
});
