// More keys of model providers, and of clouds and their databases: a table.
// The source of each row stands behind it: the maker's own description of its keys. For guard/*.cc only.
#pragma once
#include <array>

#include "guard/secret_rule.h"

namespace pawl::guard {

inline constexpr std::array cloud_rules = {
    SecretRule{SecretKind::model_key, "cerebras", "csk-", chars::alnum, 40, 60,
               true},                                                              // Cerebras Inference docs, API keys
    SecretRule{SecretKind::model_key, "together", "tgp_v1_", chars::url, 40, 60},  // Together AI docs, API keys
    SecretRule{SecretKind::model_key, "friendli", "flp_", chars::alnum, 30, 80,
               true},  // Friendli docs, personal access tokens
    SecretRule{SecretKind::model_key, "jina", "jina_", chars::alnum, 50, 70, true},  // Jina AI API dashboard
    SecretRule{SecretKind::model_key, "meta", "LLM|", chars::word, 20, 60, true},    // Llama API docs
    SecretRule{SecretKind::model_key, "google", "1//0", chars::url, 40, 200,
               true},  // Google Identity, OAuth 2.0 refresh tokens
    SecretRule{SecretKind::model_key, "google", "AQ.", chars::url, 40, 120,
               true},  // Gemini API docs, authorisation keys
    SecretRule{SecretKind::model_key, "fireworks", "fpk_", chars::alnum, 22, 60,
               true},  // Fireworks docs, service accounts
    SecretRule{SecretKind::model_key, "helicone", "sk-helicone-", chars::url, 20, 80},      // Helicone docs, API keys
    SecretRule{SecretKind::model_key, "anyscale", "esecret_", chars::alnum, 20, 60, true},  // Anyscale Endpoints docs
    SecretRule{SecretKind::model_key, "anyscale", "aph0_", chars::word, 30, 80, true},      // Anyscale docs, tokens
    SecretRule{SecretKind::model_key, "predibase", "pb_", chars::url, 22, 22, true},        // Predibase docs
    SecretRule{SecretKind::model_key, "digitalocean", "sk-do-", chars::url, 40,
               90},  // DigitalOcean GenAI platform docs
    SecretRule{SecretKind::model_key, "upstage", "up_", chars::alnum, 29, 29, true},     // Upstage console docs
    SecretRule{SecretKind::model_key, "cartesia", "sk_car_", chars::url, 20, 60, true},  // Cartesia docs
    SecretRule{SecretKind::model_key, "vercel", "vck_", chars::alnum, 24, 80, true},     // Vercel AI Gateway docs
    SecretRule{SecretKind::model_key, "runpod", "rpa_", chars::alnum, 30, 60, true},     // RunPod docs, API keys
    SecretRule{SecretKind::model_key, "nomic", "nk-", chars::url, 40, 60, true},         // Nomic Atlas docs
    SecretRule{SecretKind::model_key, "aws-bedrock", "ABSK", chars::alnum | chars::base64, 100, 200,
               true},  // Amazon Bedrock user guide, long-term API keys
    SecretRule{SecretKind::model_key, "aws-bedrock", "bedrock-api-key-", chars::alnum | chars::base64, 40,
               1500},  // Amazon Bedrock user guide, short-term API keys
    SecretRule{SecretKind::model_key, "huggingface", "api_org_", chars::alnum, 30, 60,
               true},  // Hugging Face hub docs, organisation tokens
    SecretRule{SecretKind::model_key, "modal", "as-", chars::alnum, 22, 22, true},  // Modal docs, token secrets
    SecretRule{SecretKind::cloud_key, "aws", "ABIA", chars::upper | chars::digit, 16,
               16},  // AWS IAM user guide, unique ids
    SecretRule{SecretKind::cloud_key, "aws", "ACCA", chars::upper | chars::digit, 16,
               16},  // AWS IAM user guide, unique ids
    SecretRule{SecretKind::cloud_key, "azure", "SharedAccessKey=", chars::alnum | chars::base64, 40,
               120},  // Azure Service Bus docs, connection strings
    SecretRule{SecretKind::cloud_key, "azure", "SharedAccessSignature=", chars::alnum | chars::base64, 40,
               400},  // Azure docs, shared access signatures
    SecretRule{SecretKind::cloud_key, "digitalocean", "doo_v1_", chars::hex, 64, 64},  // DigitalOcean API docs
    SecretRule{SecretKind::cloud_key, "digitalocean", "dor_v1_", chars::hex, 64, 64},  // DigitalOcean API docs
    SecretRule{SecretKind::cloud_key, "databricks", "dose", chars::hex, 32, 32,
               true},  // Databricks docs, OAuth secrets
    SecretRule{SecretKind::cloud_key, "databricks", "dkea", chars::hex, 32, 36, true},  // Databricks docs, tokens
    SecretRule{SecretKind::cloud_key, "heroku", "HRKU-", chars::url, 36, 65},  // Heroku dev center, OAuth tokens
    SecretRule{SecretKind::cloud_key, "alibaba", "LTAI", chars::alnum, 12, 24, true},  // Alibaba Cloud RAM docs
    SecretRule{SecretKind::cloud_key, "tencent", "AKID", chars::alnum, 32, 36, true},  // Tencent Cloud CAM docs
    SecretRule{SecretKind::cloud_key, "scaleway", "SCW", chars::upper | chars::digit, 17, 17,
               true},  // Scaleway IAM docs
    SecretRule{SecretKind::cloud_key, "fly", "fm2_", chars::alnum | chars::base64, 60, 800,
               true},                                                                 // Fly.io docs, access tokens
    SecretRule{SecretKind::cloud_key, "fly", "fo1_", chars::url, 43, 43},             // Fly.io docs, access tokens
    SecretRule{SecretKind::cloud_key, "render", "rnd_", chars::alnum, 28, 40, true},  // Render docs, API keys
    SecretRule{SecretKind::cloud_key, "supabase", "sbp_", chars::hex, 40, 40},        // Supabase docs, access tokens
    SecretRule{SecretKind::cloud_key, "supabase", "sb_secret_", chars::url, 22, 60},  // Supabase docs, API keys
    SecretRule{SecretKind::cloud_key, "neon", "napi_", chars::alnum, 60, 70, true},   // Neon docs, API keys
    SecretRule{SecretKind::cloud_key, "planetscale", "pscale_tkn_", chars::url | chars::dot, 32,
               64},  // PlanetScale docs, service tokens
    SecretRule{SecretKind::cloud_key, "planetscale", "pscale_pw_", chars::url | chars::dot, 32,
               64},  // PlanetScale docs, passwords
    SecretRule{SecretKind::cloud_key, "planetscale", "pscale_oauth_", chars::url | chars::dot, 32,
               64},  // PlanetScale docs, OAuth
    SecretRule{SecretKind::cloud_key, "cloudflare", "v1.0-", chars::hex | chars::dash, 150, 190,
               true},  // Cloudflare docs, Origin CA keys
    SecretRule{SecretKind::cloud_key, "netlify", "nfp_", chars::alnum, 36, 40, true},  // Netlify docs, access tokens
    SecretRule{SecretKind::cloud_key, "netlify", "nfc_", chars::alnum, 36, 40, true},  // Netlify docs, access tokens
    SecretRule{SecretKind::cloud_key, "netlify", "nfo_", chars::alnum, 36, 40, true},  // Netlify docs, access tokens
    SecretRule{SecretKind::cloud_key, "vercel", "vcp_", chars::alnum, 24, 80, true},   // Vercel docs, access tokens
    SecretRule{SecretKind::cloud_key, "vercel", "vca_", chars::alnum, 24, 80, true},   // Vercel docs, access tokens
    SecretRule{SecretKind::cloud_key, "vercel", "vci_", chars::alnum, 24, 80, true},   // Vercel docs, access tokens
    SecretRule{SecretKind::cloud_key, "vercel", "vcr_", chars::alnum, 24, 80, true},   // Vercel docs, access tokens
    SecretRule{SecretKind::cloud_key, "hashicorp", ".atlasv1.", chars::url, 60, 80, false,
               true},                                                                // HCP Terraform docs, API tokens
    SecretRule{SecretKind::cloud_key, "vault", "hvs.", chars::url, 24, 300},         // Vault docs, token prefixes
    SecretRule{SecretKind::cloud_key, "vault", "hvb.", chars::url, 24, 400},         // Vault docs, token prefixes
    SecretRule{SecretKind::cloud_key, "vault", "hvr.", chars::url, 24, 400},         // Vault docs, token prefixes
    SecretRule{SecretKind::cloud_key, "doppler", "dp.pt.", chars::alnum, 40, 44},    // Doppler docs, auth token formats
    SecretRule{SecretKind::cloud_key, "doppler", "dp.ct.", chars::alnum, 40, 44},    // Doppler docs, auth token formats
    SecretRule{SecretKind::cloud_key, "doppler", "dp.sa.", chars::alnum, 40, 44},    // Doppler docs, auth token formats
    SecretRule{SecretKind::cloud_key, "doppler", "dp.scim.", chars::alnum, 40, 44},  // Doppler docs, auth token formats
    SecretRule{SecretKind::cloud_key, "doppler", "dp.audit.", chars::alnum, 40,
               44},  // Doppler docs, auth token formats
    SecretRule{SecretKind::cloud_key, "doppler", "dp.st.", chars::url | chars::dot, 40,
               90},                                                           // Doppler docs, auth token formats
    SecretRule{SecretKind::cloud_key, "pulumi", "pul-", chars::hex, 40, 40},  // Pulumi docs, access tokens
    SecretRule{SecretKind::cloud_key, "1password", "ops_ey", chars::alnum | chars::base64, 200,
               1500},  // 1Password docs, service accounts
    SecretRule{SecretKind::cloud_key, "1password", "A3-", chars::upper | chars::digit | chars::dash, 31, 36,
               true},                                                         // 1Password security design, secret keys
    SecretRule{SecretKind::cloud_key, "aiven", "AVNS_", chars::url, 15, 40},  // Aiven docs, service passwords
    SecretRule{SecretKind::cloud_key, "aiven", "aivenv1_", chars::alnum | chars::base64, 40,
               400},  // Aiven docs, tokens
    SecretRule{SecretKind::cloud_key, "confluent", "cflt", chars::alnum | chars::base64, 58, 64,
               true},  // Confluent Cloud docs, API keys
    SecretRule{SecretKind::cloud_key, "clickhouse", "4b1d", chars::alnum, 38, 38,
               true},  // ClickHouse Cloud docs, API keys
    SecretRule{SecretKind::cloud_key, "mongodb", "mdb_sa_sk_", chars::url, 36,
               60},  // MongoDB Atlas docs, service accounts
    SecretRule{SecretKind::cloud_key, "tailscale", "tskey-auth-", chars::url, 20, 80},  // Tailscale docs, key prefixes
    SecretRule{SecretKind::cloud_key, "tailscale", "tskey-api-", chars::url, 20, 80},   // Tailscale docs, key prefixes
    SecretRule{SecretKind::cloud_key, "tailscale", "tskey-client-", chars::url, 20,
               80},                                                                     // Tailscale docs, key prefixes
    SecretRule{SecretKind::cloud_key, "tailscale", "tskey-scim-", chars::url, 20, 80},  // Tailscale docs, key prefixes
    SecretRule{SecretKind::cloud_key, "tailscale", "tskey-webhook-", chars::url, 20,
               80},                                                                 // Tailscale docs, key prefixes
    SecretRule{SecretKind::cloud_key, "yandex", "AQVN", chars::url, 35, 40, true},  // Yandex Cloud docs, API keys
    SecretRule{SecretKind::cloud_key, "yandex", "y0_", chars::url, 50, 80, true},   // Yandex ID docs, OAuth tokens
    SecretRule{SecretKind::cloud_key, "openshift", "sha256~", chars::url, 43,
               43},  // OpenShift docs, OAuth access tokens
    SecretRule{SecretKind::cloud_key, "oracle", "ocpat_", chars::url, 30, 80, true},  // Oracle docs, tokens
};

}  // namespace pawl::guard
