// Keys of services: observability, code, documents, money, messages: a table.
// The source of each row stands behind it: the maker's own description of its keys. For guard/*.cc only.
#pragma once
#include <array>

#include "guard/secret_rule.h"

namespace pawl::guard {

inline constexpr std::array service_rules = {
    SecretRule{SecretKind::service_key, "grafana", "glc_", chars::alnum | chars::base64, 32,
               400},  // Grafana docs, access policy tokens
    SecretRule{SecretKind::service_key, "grafana", "glsa_", chars::word, 41,
               41},  // Grafana docs, service account tokens
    SecretRule{SecretKind::service_key, "datadog", "ddapp_", chars::alnum, 30, 50,
               true},  // Datadog docs, API and application keys
    SecretRule{SecretKind::service_key, "datadog", "ddpat_", chars::word, 30, 80,
               true},  // Datadog docs, personal access tokens
    SecretRule{SecretKind::service_key, "newrelic", "NRAK-", chars::upper | chars::digit, 27,
               27},                                                                // New Relic docs, API keys
    SecretRule{SecretKind::service_key, "newrelic", "NRII-", chars::url, 32, 32},  // New Relic docs, insert keys
    SecretRule{SecretKind::service_key, "newrelic", "NRIQ-", chars::url, 32, 32},  // New Relic docs, query keys
    SecretRule{SecretKind::service_key, "newrelic", "NRRA-", chars::hex, 42, 42},  // New Relic docs, REST keys
    SecretRule{SecretKind::service_key, "sentry", "sntrys_", chars::alnum | chars::base64 | chars::underscore, 60,
               600},                                                               // Sentry docs, auth tokens
    SecretRule{SecretKind::service_key, "sentry", "sntryu_", chars::hex, 64, 64},  // Sentry docs, auth tokens
    SecretRule{SecretKind::service_key, "sentry", "sntrya_", chars::hex, 64, 64},  // Sentry docs, auth tokens
    SecretRule{SecretKind::service_key, "honeycomb", "hcaik_", chars::alnum, 50, 64,
               true},  // Honeycomb docs, ingest keys
    SecretRule{SecretKind::service_key, "honeycomb", "hcbik_", chars::alnum, 50, 64,
               true},  // Honeycomb docs, ingest keys
    SecretRule{SecretKind::service_key, "honeycomb", "hcxik_", chars::alnum, 50, 64,
               true},  // Honeycomb docs, ingest keys
    SecretRule{SecretKind::service_key, "honeycomb", "hcamk_", chars::alnum, 26, 64,
               true},  // Honeycomb docs, management keys
    SecretRule{SecretKind::service_key, "honeycomb", "hcbmk_", chars::alnum, 26, 64,
               true},  // Honeycomb docs, management keys
    SecretRule{SecretKind::service_key, "dynatrace", "dt0c01.", chars::upper | chars::digit | chars::dot, 60,
               100},  // Dynatrace docs, token formats
    SecretRule{SecretKind::service_key, "dynatrace", "dt0s01.", chars::upper | chars::digit | chars::dot, 60,
               100},  // Dynatrace docs, token formats
    SecretRule{SecretKind::service_key, "dynatrace", "dt0s16.", chars::upper | chars::digit | chars::dot, 60,
               100},  // Dynatrace docs, token formats
    SecretRule{SecretKind::service_key, "dynatrace", "dt0s02.", chars::upper | chars::digit | chars::dot, 60,
               100},  // Dynatrace docs, token formats
    SecretRule{SecretKind::service_key, "axiom", "xaat-", chars::hex | chars::dash, 36, 36},  // Axiom docs, API tokens
    SecretRule{SecretKind::service_key, "axiom", "xapt-", chars::hex | chars::dash, 36,
               36},  // Axiom docs, personal tokens
    SecretRule{SecretKind::service_key, "elastic", "essu_", chars::alnum | chars::base64, 40, 120,
               true},  // Elastic Cloud docs, API keys
    SecretRule{SecretKind::service_key, "posthog", "phx_", chars::alnum, 40, 60,
               true},  // PostHog docs, personal API keys
    SecretRule{SecretKind::service_key, "posthog", "phs_", chars::alnum, 40, 60,
               true},  // PostHog docs, secure flags keys
    SecretRule{SecretKind::service_key, "logfire", "pylf_v", chars::word, 40,
               70},  // Pydantic Logfire docs, write tokens
    SecretRule{SecretKind::service_key, "langwatch", "sk-lw-", chars::url, 20, 80},      // LangWatch docs
    SecretRule{SecretKind::service_key, "humanloop", "hl_sk_", chars::hex, 48, 48},      // Humanloop docs
    SecretRule{SecretKind::service_key, "langsmith", "ls__", chars::hex, 32, 32, true},  // LangSmith docs, legacy keys
    SecretRule{SecretKind::service_key, "wandb", "wandb_v1_", chars::word, 40, 120},  // Weights & Biases docs, API keys
    SecretRule{SecretKind::service_key, "openpipe", "opk_", chars::alnum, 30, 80, true},  // OpenPipe docs
    SecretRule{SecretKind::service_key, "traceloop", "tl_", chars::hex, 48, 80, true},    // Traceloop docs, API keys
    SecretRule{SecretKind::service_key, "segment", "sgp_", chars::alnum, 60, 70,
               true},  // Segment docs, public API tokens
    SecretRule{SecretKind::service_key, "launchdarkly", "api-", chars::hex | chars::dash, 36, 36,
               true},  // LaunchDarkly docs, access tokens
    SecretRule{SecretKind::service_key, "launchdarkly", "sdk-", chars::hex | chars::dash, 36, 36,
               true},  // LaunchDarkly docs, SDK keys
    SecretRule{SecretKind::service_key, "statsig", "secret-", chars::alnum, 40, 50,
               true},  // Statsig docs, server secret keys
    SecretRule{SecretKind::service_key, "flagsmith", "ser.", chars::alnum, 20, 40,
               true},                                                               // Flagsmith docs, server keys
    SecretRule{SecretKind::service_key, "gitlab", "glrt-", chars::url, 20, 40},     // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "gldt-", chars::url, 20, 40},     // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "glcbt-", chars::url, 20, 64},    // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "glft-", chars::url, 20, 40},     // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "glsoat-", chars::url, 20, 40},   // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "glimt-", chars::url, 20, 40},    // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "glagent-", chars::url, 40, 64},  // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "gloas-", chars::url, 60, 70},    // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "glffct-", chars::url, 20, 40},   // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "glptt-", chars::hex, 40, 40},    // GitLab docs, token prefixes
    SecretRule{SecretKind::service_key, "gitlab", "GR1348941", chars::url, 20,
               20},  // GitLab docs, runner registration tokens
    SecretRule{SecretKind::service_key, "bitbucket", "ATBB", chars::alnum, 32, 40,
               true},  // Bitbucket docs, app passwords
    SecretRule{SecretKind::service_key, "atlassian", "ATATT3",
               chars::alnum | chars::base64 | chars::dash | chars::underscore, 150, 250},  // Atlassian docs, API tokens
    SecretRule{SecretKind::service_key, "atlassian", "ATCTT3",
               chars::alnum | chars::base64 | chars::dash | chars::underscore, 150,
               250},                                                            // Atlassian docs, repository tokens
    SecretRule{SecretKind::service_key, "trello", "ATTA", chars::hex, 64, 72},  // Trello docs, API tokens
    SecretRule{SecretKind::service_key, "rubygems", "rubygems_", chars::hex, 48, 48},  // RubyGems guides, API keys
    SecretRule{SecretKind::service_key, "crates", "cio", chars::alnum, 32, 32, true},  // the format of its tokens
    SecretRule{SecretKind::service_key, "nuget", "oy2", chars::lower | chars::digit, 43, 43,
               true},  // NuGet docs, API keys
    SecretRule{SecretKind::service_key, "docker", "dckr_pat_", chars::url, 27,
               40},  // Docker docs, personal access tokens
    SecretRule{SecretKind::service_key, "docker", "dckr_oat_", chars::url, 27,
               40},  // Docker docs, organisation access tokens
    SecretRule{SecretKind::service_key, "jfrog", "AKCp", chars::alnum, 60, 80, true},  // JFrog docs, API keys
    SecretRule{SecretKind::service_key, "jfrog", "cmVmdGtu", chars::alnum | chars::base64, 50, 64,
               true},                                                                 // JFrog docs, reference tokens
    SecretRule{SecretKind::service_key, "circleci", "CCIPAT_", chars::word, 40, 80},  // CircleCI docs, API tokens
    SecretRule{SecretKind::service_key, "circleci", "CCIPRJ_", chars::word, 40, 80},  // CircleCI docs, project tokens
    SecretRule{SecretKind::service_key, "buildkite", "bkua_", chars::hex, 40, 40},  // Buildkite docs, API access tokens
    SecretRule{SecretKind::service_key, "sonarqube", "sqp_", chars::hex, 40, 40},   // SonarQube docs, token types
    SecretRule{SecretKind::service_key, "sonarqube", "squ_", chars::hex, 40, 40},   // SonarQube docs, token types
    SecretRule{SecretKind::service_key, "sonarqube", "sqa_", chars::hex, 40, 40},   // SonarQube docs, token types
    SecretRule{SecretKind::service_key, "postman", "PMAK-", chars::hex | chars::dash, 59,
               59},  // Postman docs, API keys
    SecretRule{SecretKind::service_key, "postman", "PMAT-", chars::upper | chars::digit, 26,
               26},  // Postman docs, collection access keys
    SecretRule{SecretKind::service_key, "readme", "rdme_", chars::alnum, 60, 80, true},  // ReadMe docs, API keys
    SecretRule{SecretKind::service_key, "octopus", "API-", chars::upper | chars::digit, 26, 32,
               true},  // Octopus Deploy docs, API keys
    SecretRule{SecretKind::service_key, "harness", "pat.", chars::url | chars::dot, 60, 80,
               true},  // Harness docs, personal access tokens
    SecretRule{SecretKind::service_key, "harness", "sat.", chars::url | chars::dot, 60, 80,
               true},  // Harness docs, service account tokens
    SecretRule{SecretKind::service_key, "prefect", "pnu_", chars::alnum, 36, 36, true},  // Prefect docs, API keys
    SecretRule{SecretKind::service_key, "prefect", "pnb_", chars::alnum, 36, 36, true},  // Prefect docs, API keys
    SecretRule{SecretKind::service_key, "sourcegraph", "slk_", chars::hex, 64, 64},  // Sourcegraph docs, licence keys
    SecretRule{SecretKind::service_key, "sourcegraph", "sgp_local_", chars::hex, 40,
               40},                                                              // Sourcegraph docs, access tokens
    SecretRule{SecretKind::service_key, "kaggle", "KGAT_", chars::hex, 32, 32},  // Kaggle docs, API tokens
    SecretRule{SecretKind::service_key, "unkey", "unkey_", chars::alnum, 20, 40, true},   // Unkey docs, root keys
    SecretRule{SecretKind::service_key, "inngest", "signkey-prod-", chars::hex, 32, 80},  // Inngest docs, signing keys
    SecretRule{SecretKind::service_key, "inngest", "signkey-test-", chars::hex, 32, 80},  // Inngest docs, signing keys
    SecretRule{SecretKind::service_key, "inngest", "signkey-branch-", chars::hex, 32,
               80},  // Inngest docs, signing keys
    SecretRule{SecretKind::service_key, "trigger.dev", "tr_prod_", chars::alnum, 20, 60,
               true},  // Trigger.dev docs, API keys
    SecretRule{SecretKind::service_key, "trigger.dev", "tr_dev_", chars::alnum, 20, 60,
               true},  // Trigger.dev docs, API keys
    SecretRule{SecretKind::service_key, "trigger.dev", "tr_pat_", chars::alnum, 20, 60,
               true},                                                                      // Trigger.dev docs, API keys
    SecretRule{SecretKind::service_key, "zuplo", "zpka_", chars::word, 40, 80},            // Zuplo docs, API keys
    SecretRule{SecretKind::service_key, "infracost", "ico-", chars::alnum, 32, 32, true},  // Infracost docs, API keys
    SecretRule{SecretKind::service_key, "settlemint", "sm_pat_", chars::alnum, 16, 40,
               true},  // SettleMint docs, tokens
    SecretRule{SecretKind::service_key, "settlemint", "sm_aat_", chars::alnum, 16, 40,
               true},  // SettleMint docs, tokens
    SecretRule{SecretKind::service_key, "settlemint", "sm_sat_", chars::alnum, 16, 40,
               true},                                                                       // SettleMint docs, tokens
    SecretRule{SecretKind::service_key, "firecrawl", "fc-", chars::hex, 32, 32, true},      // Firecrawl docs
    SecretRule{SecretKind::service_key, "brave", "BSA", chars::url, 24, 40, true},          // Brave Search API docs
    SecretRule{SecretKind::service_key, "mem0", "m0-", chars::alnum, 40, 40, true},         // Mem0 docs
    SecretRule{SecretKind::service_key, "letta", "sk-let-", chars::url, 20, 120},           // Letta docs
    SecretRule{SecretKind::service_key, "browserbase", "bb_live_", chars::url, 20, 60},     // Browserbase docs
    SecretRule{SecretKind::service_key, "browserbase", "bb_test_", chars::url, 20, 60},     // Browserbase docs
    SecretRule{SecretKind::service_key, "apify", "apify_api_", chars::alnum, 36, 40},       // Apify docs, API tokens
    SecretRule{SecretKind::service_key, "scrapfly", "scp-live-", chars::hex, 32, 32},       // Scrapfly docs
    SecretRule{SecretKind::service_key, "scrapfly", "scp-test-", chars::hex, 32, 32},       // Scrapfly docs
    SecretRule{SecretKind::service_key, "llamacloud", "llx-", chars::alnum, 40, 60, true},  // LlamaCloud docs, API keys
    SecretRule{SecretKind::service_key, "chroma", "ck-", chars::alnum, 40, 50, true},       // Chroma Cloud docs
    SecretRule{SecretKind::service_key, "figma", "figd_", chars::url, 38, 50},  // Figma docs, personal access tokens
    SecretRule{SecretKind::service_key, "linear", "lin_api_", chars::alnum, 40, 40},  // Linear docs, API keys
    SecretRule{SecretKind::service_key, "linear", "lin_oauth_", chars::hex, 60, 70},  // Linear docs, OAuth
    SecretRule{SecretKind::service_key, "notion", "ntn_", chars::alnum, 40, 50,
               true},  // Notion docs, integration tokens
    SecretRule{SecretKind::service_key, "notion", "secret_", chars::alnum, 43, 43,
               true},  // Notion docs, integration tokens
    SecretRule{SecretKind::service_key, "airtable", "pat", chars::url | chars::dot, 79, 79,
               true},  // Airtable docs, personal access tokens
    SecretRule{SecretKind::service_key, "clickup", "pk_", chars::upper | chars::digit | chars::underscore, 38, 46,
               true},  // ClickUp docs, personal tokens
    SecretRule{SecretKind::service_key, "dropbox", "sl.", chars::url, 60, 1500,
               true},  // Dropbox docs, short-lived tokens
    SecretRule{SecretKind::service_key, "contentful", "CFPAT-", chars::url, 43,
               50},  // Contentful docs, personal access tokens
    SecretRule{SecretKind::service_key, "typeform", "tfp_", chars::url | chars::dot, 40, 70,
               true},  // Typeform docs, personal access tokens
    SecretRule{SecretKind::service_key, "frameio", "fio-u-", chars::url, 60, 70},  // Frame.io docs, developer tokens
    SecretRule{SecretKind::service_key, "adobe", "p8e-", chars::lower | chars::digit, 32, 32,
               true},  // Adobe developer docs, client secrets
    SecretRule{SecretKind::service_key, "mapbox", "sk.eyJ", chars::url | chars::dot, 60,
               400},                                                               // Mapbox docs, secret tokens
    SecretRule{SecretKind::service_key, "asana", "0/", chars::hex, 32, 32, true},  // Asana docs, personal access tokens
    SecretRule{SecretKind::service_key, "shopify", "shpat_", chars::hex, 32, 32},  // Shopify docs, access tokens
    SecretRule{SecretKind::service_key, "shopify", "shpca_", chars::hex, 32, 32},  // Shopify docs, access tokens
    SecretRule{SecretKind::service_key, "shopify", "shppa_", chars::hex, 32, 32},  // Shopify docs, access tokens
    SecretRule{SecretKind::service_key, "shopify", "shpss_", chars::hex, 32, 32},  // Shopify docs, access tokens
    SecretRule{SecretKind::service_key, "shopify", "shpua_", chars::hex, 32, 32},  // Shopify docs, access tokens
    SecretRule{SecretKind::service_key, "square", "EAAA", chars::url, 60, 60, true},  // Square docs, access tokens
    SecretRule{SecretKind::service_key, "square", "sq0atp-", chars::url, 22, 22},     // Square docs, access tokens
    SecretRule{SecretKind::service_key, "square", "sq0csp-", chars::url, 43, 43},  // Square docs, application secrets
    SecretRule{SecretKind::service_key, "plaid", "access-sandbox-", chars::hex | chars::dash, 36,
               36},  // Plaid docs, access tokens
    SecretRule{SecretKind::service_key, "plaid", "access-development-", chars::hex | chars::dash, 36,
               36},  // Plaid docs, access tokens
    SecretRule{SecretKind::service_key, "plaid", "access-production-", chars::hex | chars::dash, 36,
               36},  // Plaid docs, access tokens
    SecretRule{SecretKind::service_key, "mollie", "live_", chars::url, 30, 45,
               true},  // Mollie, GoCardless and Lob docs, live keys
    SecretRule{SecretKind::service_key, "mollie", "test_", chars::url, 30, 45,
               true},  // Mollie, GoCardless and Lob docs, test keys
    SecretRule{SecretKind::service_key, "razorpay", "rzp_live_", chars::alnum, 14, 24,
               true},  // Razorpay docs, API keys
    SecretRule{SecretKind::service_key, "flutterwave", "FLWSECK-", chars::hex | chars::dash, 32,
               40},  // Flutterwave docs, secret keys
    SecretRule{SecretKind::service_key, "flutterwave", "FLWSECK_TEST-", chars::hex | chars::dash, 32,
               40},  // Flutterwave docs, secret keys
    SecretRule{SecretKind::service_key, "paddle", "pdl_live_apikey_", chars::word, 40, 80},  // Paddle docs, API keys
    SecretRule{SecretKind::service_key, "paddle", "pdl_sdbx_apikey_", chars::word, 40, 80},  // Paddle docs, API keys
    SecretRule{SecretKind::service_key, "polar", "polar_oat_", chars::url, 30,
               60},  // Polar docs, organisation access tokens
    SecretRule{SecretKind::service_key, "duffel", "duffel_live_", chars::url, 40, 50},    // Duffel docs, access tokens
    SecretRule{SecretKind::service_key, "duffel", "duffel_test_", chars::url, 40, 50},    // Duffel docs, access tokens
    SecretRule{SecretKind::service_key, "easypost", "EZAK", chars::alnum, 54, 54, true},  // EasyPost docs, API keys
    SecretRule{SecretKind::service_key, "easypost", "EZTK", chars::alnum, 54, 54, true},  // EasyPost docs, API keys
    SecretRule{SecretKind::service_key, "shippo", "shippo_live_", chars::hex, 40, 40},    // Shippo docs, API tokens
    SecretRule{SecretKind::service_key, "shippo", "shippo_test_", chars::hex, 40, 40},    // Shippo docs, API tokens
    SecretRule{SecretKind::service_key, "stytch", "secret-live-", chars::url, 36, 60},  // Stytch docs, project secrets
    SecretRule{SecretKind::service_key, "stytch", "secret-test-", chars::url, 36, 60},  // Stytch docs, project secrets
    SecretRule{SecretKind::service_key, "slack", "xoxe.xoxp-", chars::url, 20, 255},    // Slack docs, token types
    SecretRule{SecretKind::service_key, "slack", "xoxe-", chars::url, 20, 255, true},   // Slack docs, refresh tokens
    SecretRule{SecretKind::service_key, "slack", "xoxc-", chars::url, 20, 255, true},   // Slack docs, token types
    SecretRule{SecretKind::service_key, "slack", "xoxd-", chars::alnum | chars::base64 | chars::dash, 20, 255,
               true},                                                                  // Slack docs, token types
    SecretRule{SecretKind::service_key, "slack", "xwfp-", chars::url, 20, 255, true},  // Slack docs, workflow tokens
    SecretRule{SecretKind::service_key, "discord", "discord.com/api/webhooks/", chars::url | chars::base64, 60,
               120},  // Discord docs, webhooks
    SecretRule{SecretKind::service_key, "discord", "discordapp.com/api/webhooks/", chars::url | chars::base64, 60,
               120},  // Discord docs, webhooks
    SecretRule{SecretKind::service_key, "telegram", ":AA", chars::url, 33, 33, true,
               true},  // Telegram Bot API, authorising a bot
    SecretRule{SecretKind::service_key, "twilio", "SK", chars::hex, 32, 32, true},     // Twilio docs, API keys
    SecretRule{SecretKind::service_key, "mailgun", "key-", chars::hex, 32, 32, true},  // Mailgun docs, API keys
    SecretRule{SecretKind::service_key, "resend", "re_", chars::word, 24, 40, true},   // Resend docs, API keys
    SecretRule{SecretKind::service_key, "brevo", "xkeysib-", chars::hex | chars::alnum | chars::dash, 80,
               90},  // Brevo docs, API keys
    SecretRule{SecretKind::service_key, "brevo", "xsmtpsib-", chars::hex | chars::alnum | chars::dash, 80,
               90},  // Brevo docs, SMTP keys
    SecretRule{SecretKind::service_key, "mailchimp", "md-", chars::url, 22, 22,
               true},  // Mailchimp Transactional docs, API keys
    SecretRule{SecretKind::service_key, "intercom", "dG9rO", chars::alnum | chars::base64, 40, 90,
               true},  // Intercom docs, access tokens
    SecretRule{SecretKind::service_key, "hubspot", "pat-na1-", chars::hex | chars::dash, 36,
               36},  // HubSpot docs, private apps
    SecretRule{SecretKind::service_key, "hubspot", "pat-na2-", chars::hex | chars::dash, 36,
               36},  // HubSpot docs, private apps
    SecretRule{SecretKind::service_key, "hubspot", "pat-eu1-", chars::hex | chars::dash, 36,
               36},  // HubSpot docs, private apps
    SecretRule{SecretKind::service_key, "salesforce", "3MVG9", chars::url | chars::dot, 70, 90,
               true},  // Salesforce docs, consumer keys
    SecretRule{SecretKind::service_key, "facebook", "EAA", chars::alnum, 90, 400,
               true},  // Meta for Developers, access tokens
    SecretRule{SecretKind::service_key, "instagram", "IGQ", chars::url, 90, 300,
               true},  // Meta for Developers, Instagram tokens
    SecretRule{SecretKind::service_key, "x", "AAAAAAAAAAAAAAAAAAAAA", chars::alnum | chars::base64, 40, 150,
               true},  // X developer docs, bearer tokens
    SecretRule{SecretKind::service_key, "linkedin", "WPL_AP1.", chars::alnum, 16, 40,
               true},  // LinkedIn docs, client secrets
    SecretRule{SecretKind::service_key, "twitch", "oauth:", chars::lower | chars::digit, 30, 30,
               true},                                                                     // Twitch docs, chat log-in
    SecretRule{SecretKind::service_key, "adafruit", "aio_", chars::alnum, 28, 28, true},  // Adafruit IO docs, keys
    SecretRule{SecretKind::service_key, "lichess", "lip_", chars::alnum, 20, 40,
               true},  // Lichess API docs, personal tokens
    SecretRule{SecretKind::service_key, "age", "AGE-SECRET-KEY-1", chars::upper | chars::digit, 58,
               58},  // age, format of identities
    SecretRule{SecretKind::service_key, "nostr", "nsec1", chars::lower | chars::digit, 58, 58, true},  // Nostr NIP-19
    SecretRule{SecretKind::service_key, "bitcoin", "xprv", chars::alnum, 107, 107, true},              // Bitcoin BIP-32
};

}  // namespace pawl::guard
