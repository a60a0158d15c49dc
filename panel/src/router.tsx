import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate, Outlet, redirect } from "@tanstack/react-router";
import * as session from "@/api/session";
import { fetchMoreWords } from "@/i18n";
import { readSearch } from "@/kit/search";
import { NotFound, Unexpected } from "@/shell/Failures";

// Every page's code is its own file, fetched when it is first looked at; so are the words and styles that the first pages do without.
const waitsFor = (...words: Parameters<typeof fetchMoreWords>) => ({
  loader: async () => void (await Promise.all([fetchMoreWords(...words), import("@/mantineRest.css")])),
  staleTime: Infinity,
});
const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Unexpected,
  validateSearch: readSearch,
});
const start = createRoute({ getParentRoute: () => root, path: "/", component: () => <Navigate to="/app" /> });
const logIn = createRoute({ getParentRoute: () => root, path: "/app/login", component: lazyRouteComponent(() => import("@/areas/session/LogIn"), "LogIn") });
const register = createRoute({ getParentRoute: () => root, path: "/app/register", component: lazyRouteComponent(() => import("@/areas/session/Register"), "Register") });
const forgotten = createRoute({ getParentRoute: () => root, path: "/app/forgotten", component: lazyRouteComponent(() => import("@/areas/session/Forgotten"), "Forgotten") });
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: lazyRouteComponent(() => import("@/areas/session/Gate"), "Gate"),
  // Who cannot be logged in waits for no page that is not for them.
  beforeLoad: ({ location }) => {
    if (!session.mayBeIn()) throw redirect({ to: "/app/login", search: { to: location.href } as never, replace: true });
  },
});

const campaigns = {
  list: () => import("@/areas/campaigns/CampaignList"),
  one: () => import("@/areas/campaigns/CampaignPage"),
};

const home = createRoute({ getParentRoute: () => inside, path: "/app", component: lazyRouteComponent(() => import("@/areas/home/Home"), "Home") });
const pages = [
  page("/app/contacts", lazyRouteComponent(() => import("@/areas/contacts/ContactList"), "ContactList")),
  page("/app/contacts/$contactId", lazyRouteComponent(() => import("@/areas/contacts/ContactPage"), "ContactPage")),
  page("/app/groups", lazyRouteComponent(() => import("@/areas/contacts/GroupList"), "GroupList")),
  page("/app/groups/combine", lazyRouteComponent(() => import("@/areas/contacts/CombineGroups"), "CombineGroups")),
  page("/app/groups/combine/$combinationId", lazyRouteComponent(() => import("@/areas/contacts/CombinationPage"), "CombinationPage")),
  page("/app/fields", lazyRouteComponent(() => import("@/areas/contacts/FieldList"), "FieldList")),
  page("/app/segments", lazyRouteComponent(() => import("@/areas/segments/SegmentList"), "SegmentList")),
  page("/app/segments/new", lazyRouteComponent(() => import("@/areas/segments/SegmentPage"), "NewSegment")),
  page("/app/segments/$segmentId", lazyRouteComponent(() => import("@/areas/segments/SegmentPage"), "SegmentPage")),
  page("/app/segments/$segmentId/contacts", lazyRouteComponent(() => import("@/areas/segments/SegmentContacts"), "SegmentContacts")),
  page("/app/forms", lazyRouteComponent(() => import("@/areas/forms/FormList"), "FormList")),
  page("/app/forms/$formId", lazyRouteComponent(() => import("@/areas/forms/FormPage"), "FormPage")),
  page("/app/privacy", lazyRouteComponent(() => import("@/areas/privacy/Privacy"), "Privacy")),
  page("/app/unsubscribe-pages", lazyRouteComponent(() => import("@/areas/unsubscribe/UnsubscribePages"), "UnsubscribePages")),
  page("/app/imports", lazyRouteComponent(() => import("@/areas/contacts/ImportList"), "ImportList")),
  page("/app/imports/new", lazyRouteComponent(() => import("@/areas/contacts/ImportWizard"), "ImportWizard")),
  page("/app/imports/$importId", lazyRouteComponent(() => import("@/areas/contacts/ImportPage"), "ImportPage")),
  page("/app/campaigns", lazyRouteComponent(campaigns.list, "CampaignList")),
  page("/app/campaigns/new", lazyRouteComponent(() => import("@/areas/campaigns/NewCampaign"), "NewCampaign")),
  page("/app/campaigns/$campaignId", lazyRouteComponent(campaigns.one, "CampaignPage")),
  page("/app/messages", lazyRouteComponent(() => import("@/areas/reports/MessageList"), "MessageList")),
  page("/app/messages/$messageId", lazyRouteComponent(() => import("@/areas/reports/MessagePage"), "MessagePage")),
  page("/app/compare", lazyRouteComponent(() => import("@/areas/reports/Comparison"), "Comparison")),
  page("/app/report-schedules", lazyRouteComponent(() => import("@/areas/schedules/ScheduleList"), "ScheduleList")),
  page("/app/templates", lazyRouteComponent(() => import("@/areas/templates/TemplateList"), "TemplateList")),
  page("/app/templates/new", lazyRouteComponent(() => import("@/areas/templates/TemplatePage"), "NewTemplate")),
  page("/app/templates/$templateId", lazyRouteComponent(() => import("@/areas/templates/TemplatePage"), "TemplatePage")),
  page("/app/conversations", lazyRouteComponent(() => import("@/areas/conversations/ConversationList"), "ConversationList")),
  page("/app/conversations/$phone", lazyRouteComponent(() => import("@/areas/conversations/ConversationPage"), "ConversationPage")),
  page("/app/keywords", lazyRouteComponent(() => import("@/areas/keywords/KeywordList"), "KeywordList")),
  page("/app/files", lazyRouteComponent(() => import("@/areas/files/FileList"), "FileList")),
  page("/app/links", lazyRouteComponent(() => import("@/areas/links/LinkList"), "LinkList")),
  page("/app/archive", lazyRouteComponent(() => import("@/areas/archive/ArchiveList"), "ArchiveList")),
  page("/app/senders", lazyRouteComponent(() => import("@/areas/senders/Senders"), "Senders")),
  page("/app/senders/whatsapp/$senderId", lazyRouteComponent(() => import("@/areas/senders/WhatsappTemplates"), "WhatsappTemplates")),
  page("/app/senders/push/$applicationId", lazyRouteComponent(() => import("@/areas/senders/PushDevices"), "PushDevices")),
  page("/app/account", lazyRouteComponent(() => import("@/areas/account/Account"), "Account")),
  page("/app/account/users", lazyRouteComponent(() => import("@/areas/account/Users"), "Users")),
  page("/app/account/keys", lazyRouteComponent(() => import("@/areas/account/Keys"), "Keys")),
  page("/app/account/profile", lazyRouteComponent(() => import("@/areas/account/Profile"), "Profile")),
  page("/app/account/security", lazyRouteComponent(() => import("@/areas/account/Security"), "Security")),
  page("/app/account/roles", lazyRouteComponent(() => import("@/areas/account/Roles"), "Roles")),
  page("/app/account/rules", lazyRouteComponent(() => import("@/areas/account/Rules"), "Rules")),
  page("/app/account/partners", lazyRouteComponent(() => import("@/areas/account/Partners"), "Partners")),
  page("/app/account/invoices", lazyRouteComponent(() => import("@/areas/account/Invoices"), "Invoices")),
  page("/app/account/trial", lazyRouteComponent(() => import("@/areas/account/TrialNumbers"), "TrialNumbers")),
  page("/app/account/audit", lazyRouteComponent(() => import("@/areas/account/Audit"), "Audit")),
  page("/app/account/jobs", lazyRouteComponent(() => import("@/areas/account/Jobs"), "Jobs")),
  page("/app/account/webhooks", lazyRouteComponent(() => import("@/areas/account/Webhooks"), "Webhooks")),
  page("/app/account/webhooks/$webhookId", lazyRouteComponent(() => import("@/areas/account/WebhookPage"), "WebhookPage")),
];

// Of those who run the platform: a log-in of their own, and nothing of it in the pages of accounts.
const operator = createRoute({
  getParentRoute: () => root,
  path: "/app/operator",
  component: lazyRouteComponent(() => import("@/areas/operator/OperatorGate"), "OperatorGate"),
  ...waitsFor("rest", "operator"),
});
const otherSenders = () => import("@/areas/operator/OtherSenders");
const operated = [
  operatorPage("/", lazyRouteComponent(() => import("@/areas/operator/Accounts"), "Accounts")),
  operatorPage("/accounts", lazyRouteComponent(() => import("@/areas/operator/Accounts"), "Accounts")),
  operatorPage("/traffic", lazyRouteComponent(() => import("@/areas/operator/Traffic"), "Traffic")),
  operatorPage("/senders", lazyRouteComponent(() => import("@/areas/operator/SenderIds"), "SenderIds")),
  operatorPage("/agents", lazyRouteComponent(otherSenders, "Agents")),
  operatorPage("/whatsapp", lazyRouteComponent(otherSenders, "WhatsappSenders")),
  operatorPage("/viber", lazyRouteComponent(otherSenders, "ViberBots")),
  operatorPage("/prices", lazyRouteComponent(() => import("@/areas/operator/Prices"), "Prices")),
  operatorPage("/sms-traffic", lazyRouteComponent(() => import("@/areas/operator/SmsTraffic"), "SmsTraffic")),
  operatorPage("/carriers", lazyRouteComponent(() => import("@/areas/operator/Carriers"), "Carriers")),
  operatorPage("/routes", lazyRouteComponent(() => import("@/areas/operator/Routes"), "Routes")),
  operatorPage("/ranges", lazyRouteComponent(() => import("@/areas/operator/SmsRanges"), "SmsRanges")),
  operatorPage("/mail", lazyRouteComponent(() => import("@/areas/operator/MailRoutes"), "MailRoutes")),
  operatorPage("/domains", lazyRouteComponent(() => import("@/areas/operator/MailDomains"), "MailDomains")),
  operatorPage("/pools", lazyRouteComponent(() => import("@/areas/operator/Pools"), "Pools")),
  operatorPage("/plans", lazyRouteComponent(() => import("@/areas/operator/Plans"), "Plans")),
  operatorPage("/invoices", lazyRouteComponent(() => import("@/areas/operator/AllInvoices"), "AllInvoices")),
  operatorPage("/invoices/$invoiceId", lazyRouteComponent(() => import("@/areas/operator/OneInvoice"), "OneInvoice")),
  operatorPage("/audit", lazyRouteComponent(() => import("@/areas/operator/OperatorTrail"), "OperatorTrail")),
];

function operatorPage(path: string, component: ReturnType<typeof lazyRouteComponent>) {
  return createRoute({ getParentRoute: () => operator, path, component });
}

function page(path: string, component: ReturnType<typeof lazyRouteComponent>) {
  return createRoute({ getParentRoute: () => inside, path, component, ...waitsFor("rest") });
}

export const router = createRouter({
  routeTree: root.addChildren([start, logIn, register, forgotten, inside.addChildren([home, ...pages]), operator.addChildren(operated)]),
  defaultPreload: "intent",
  scrollRestoration: true,
});
