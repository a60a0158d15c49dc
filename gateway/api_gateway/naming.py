"""What generated clients call things: a method for each operation, a group for each tag, in the order of the story."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Where what the operation calls inside is no name for a method, or one that another has too.
_NAMES: Mapping[str, str] = {
    "get_v1_account_usage": "getUsage",
    "get_v1_archive": "listArchive",
    "get_v1_audit_log": "listAuditEntries",
    "get_v1_operator_audit_log": "listAllAuditEntries",
    "get_v1_contact_fields": "listContactFields",
    "post_v1_contact_fields": "createContactField",
    "patch_v1_contact_fields_field_id": "updateContactField",
    "delete_v1_contact_fields_field_id": "deleteContactField",
    "post_v1_contacts_search": "searchContacts",
    "post_v1_groups_group_id_contacts": "addContactsToGroup",
    "delete_v1_groups_group_id_contacts": "removeContactsFromGroup",
    "get_v1_openapi_json": "getDescription",
    "get_docs": "getDocumentation",
    "get_docs_name": "getDocumentationAsset",
    "post_v1_emails": "sendEmails",
    "get_v1_emails_message_id": "getEmail",
    "post_v1_sms": "sendSms",
    "get_v1_sms_message_id": "getSms",
    "post_v1_sms_parts": "countSmsParts",
    "get_v1_exports_export_id_file": "getExportFile",
    "get_v1_privacy_exports_person_export_id_file": "getPersonExportFile",
    "get_v1_campaigns_campaign_id_report_file": "getReportFile",
    "get_healthz": "getHealth",
    "get_readyz": "getReadiness",
    "get_metrics": "getMetrics",
    "post_v1_imports_preview": "previewImport",
    "post_v1_imports": "createImport",
    "get_v1_imports_import_id_rejected": "getRejectedRows",
    "get_v1_imports_import_id_warnings": "getImportWarnings",
    "get_v1_invoices_invoice_id": "getInvoice",
    "get_v1_invoices_invoice_id_duplicates_duplicate_id": "getInvoiceDuplicate",
    "get_v1_operator_invoices_invoice_id": "getAnyInvoice",
    "get_v1_operator_invoices_invoice_id_duplicates_duplicate_id": "getAnyInvoiceDuplicate",
    "get_v1_operator_accounts_account_id": "getAnyAccount",
    "get_v1_segments_schema": "describeSegmentRules",
    "post_v1_sender_domains_domain_id_verify": "verifySenderDomain",
    "get_v1_operator_sender_domains": "listAllSenderDomains",
    "post_v1_operator_sender_domains_domain_id_verify": "verifyAnySenderDomain",
    "get_v1_forms_form_id_public": "getPublicForm",
    "post_v1_forms_form_id_submissions": "submitForm",
    "get_f_form_id": "showForm",
    "get_c_token": "showConfirmation",
    "post_c_token": "confirmSignUp",
    "get_t_token": "followLink",
    "get_o_token": "recordOpening",
    "get_u_token": "showUnsubscribing",
    "post_u_token": "unsubscribe",
    "get_password_reset_token": "showPasswordReset",
    "post_password_reset_token": "followPasswordReset",
    "get_invitation_token": "showInvitation",
    "post_invitation_token": "followInvitation",
    "get_email_change_token": "showEmailChange",
    "post_email_change_token": "followEmailChange",
    "get_v1_permissions": "listPermissions",
    "put_v1_users_user_id_permissions": "setUserPermissions",
}
TAGS: Mapping[str, str] = {
    "Sessions": "Logging in and out.",
    "Accounts": "A company, its plan and its usage.",
    "Me": "Who is logged in.",
    "Second factor": "Codes beside the password, and the duty of having them.",
    "IP rules": "Where an account may be used from.",
    "Users": "An account's people, and what each may do.",
    "API keys": "Log-ins of programs.",
    "Contacts": "The people whom an account writes to.",
    "Contact fields": "What is known of each contact.",
    "Groups": "Contacts put together by hand.",
    "Segments": "Contacts found by rules.",
    "Imports": "Files into contacts.",
    "Exports": "Contacts into files.",
    "Archive": "Addresses that nothing is sent to.",
    "Forms": "Pages on which people sign up.",
    "Sender IDs": "What an SMS says that it is from.",
    "E-mail senders": "Domains and addresses that e-mail is from.",
    "Trial numbers": "Phones that an account on trial may send to.",
    "Templates": "Contents that are kept.",
    "Campaigns": "One content to many contacts.",
    "SMS": "Single SMS.",
    "E-mail": "Single e-mails.",
    "Messages": "What became of each message.",
    "Reports": "What became of a campaign, and of everything.",
    "Webhooks": "Events told to the account's own systems.",
    "Privacy": "What a person may ask for: their data, and being forgotten.",
    "Invoices": "What is paid.",
    "Audit": "Who did what.",
    "Operators": "For those who run the installation.",
    "Links": "What people click in messages.",
    "Health": "For the monitoring.",
    "Documentation": "This description, and its pages.",
}


def operation_id(endpoint: str, called: str) -> str:
    """The method's name: `listContacts`.

    :param endpoint: of the route: `get_v1_contacts`.
    :param called: what it calls inside: `list_contacts`.
    """
    return _NAMES.get(endpoint) or re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), called)
