import type { ReactNode } from "react";
import type { StepProps } from "@/areas/campaigns/CampaignWizard";
import { EmailStep } from "@/areas/campaigns/EmailStep";
import { PushStep } from "@/areas/campaigns/PushStep";
import { RcsStep } from "@/areas/campaigns/RcsStep";
import { SmsStep } from "@/areas/campaigns/SmsStep";
import { ViberStep } from "@/areas/campaigns/ViberStep";
import { WhatsappStep } from "@/areas/campaigns/WhatsappStep";

/** Where a channel's message is written; a draft of another channel is looked at, and written by the API. */
export const WHAT: Record<string, (props: StepProps) => ReactNode> = { sms: SmsStep, email: EmailStep, push: PushStep, rcs: RcsStep, viber: ViberStep, whatsapp: WhatsappStep };
