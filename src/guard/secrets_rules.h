// What secrets look like: a table of those that agents meet most, and all tables in one list. For guard/*.cc only.
#pragma once
#include <array>
#include <vector>

#include "guard/secret_rule.h"
#include "guard/secrets_rules_clouds.h"
#include "guard/secrets_rules_services.h"

namespace pawl::guard {

// Longer prefixes before those that they begin with.
inline constexpr std::array usual_rules = {
    SecretRule{SecretKind::model_key, "anthropic", "sk-ant-", chars::url, 24, 300},
    SecretRule{SecretKind::model_key, "openai", "sk-proj-", chars::url, 40, 300},
    SecretRule{SecretKind::model_key, "openai", "sk-svcacct-", chars::url, 40, 300},
    SecretRule{SecretKind::model_key, "openai", "sk-admin-", chars::url, 40, 300},
    SecretRule{SecretKind::model_key, "openrouter", "sk-or-v1-", chars::hex, 32, 128},
    SecretRule{SecretKind::service_key, "langfuse", "sk-lf-", chars::hex | chars::dash, 30, 40, true},
    SecretRule{SecretKind::model_key, "openai", "sk-", chars::alnum, 32, 100, true},
    SecretRule{SecretKind::service_key, "stripe", "sk_live_", chars::alnum, 16, 255},
    SecretRule{SecretKind::service_key, "stripe", "sk_test_", chars::alnum, 16, 255},
    SecretRule{SecretKind::service_key, "stripe", "rk_live_", chars::alnum, 16, 255},
    SecretRule{SecretKind::service_key, "stripe", "rk_test_", chars::alnum, 16, 255},
    SecretRule{SecretKind::model_key, "elevenlabs", "sk_", chars::hex, 48, 48, true},
    SecretRule{SecretKind::model_key, "google", "AIza", chars::url, 35, 35},
    SecretRule{SecretKind::model_key, "google", "ya29.", chars::url | chars::dot, 20, 600},
    SecretRule{SecretKind::model_key, "google", "GOCSPX-", chars::url, 28, 28},
    SecretRule{SecretKind::model_key, "groq", "gsk_", chars::alnum, 40, 80},
    SecretRule{SecretKind::model_key, "xai", "xai-", chars::alnum, 40, 120},
    SecretRule{SecretKind::model_key, "perplexity", "pplx-", chars::alnum, 32, 80},
    SecretRule{SecretKind::model_key, "huggingface", "hf_", chars::alnum, 30, 60},
    SecretRule{SecretKind::model_key, "replicate", "r8_", chars::alnum, 37, 40, true},
    SecretRule{SecretKind::model_key, "nvidia", "nvapi-", chars::url, 40, 100},
    SecretRule{SecretKind::model_key, "fireworks", "fw_", chars::alnum, 22, 40, true},
    SecretRule{SecretKind::service_key, "voyage", "pa-", chars::url, 40, 60, true},
    SecretRule{SecretKind::service_key, "pinecone", "pcsk_", chars::word, 40, 120},
    SecretRule{SecretKind::service_key, "tavily", "tvly-", chars::url, 20, 80, true},
    SecretRule{SecretKind::service_key, "e2b", "e2b_", chars::hex, 32, 64, true},
    SecretRule{SecretKind::service_key, "langsmith", "lsv2_pt_", chars::word, 32, 80},
    SecretRule{SecretKind::service_key, "langsmith", "lsv2_sk_", chars::word, 32, 80},
    SecretRule{SecretKind::service_key, "github", "ghp_", chars::alnum, 36, 255},
    SecretRule{SecretKind::service_key, "github", "gho_", chars::alnum, 36, 255},
    SecretRule{SecretKind::service_key, "github", "ghu_", chars::alnum, 36, 255},
    SecretRule{SecretKind::service_key, "github", "ghs_", chars::alnum, 36, 255},
    SecretRule{SecretKind::service_key, "github", "ghr_", chars::alnum, 36, 255},
    SecretRule{SecretKind::service_key, "github", "github_pat_", chars::word, 60, 255},
    SecretRule{SecretKind::service_key, "gitlab", "glpat-", chars::url | chars::dot, 20, 64},
    SecretRule{SecretKind::service_key, "slack", "xoxb-", chars::url, 20, 255, true},
    SecretRule{SecretKind::service_key, "slack", "xoxp-", chars::url, 20, 255, true},
    SecretRule{SecretKind::service_key, "slack", "xoxa-", chars::url, 20, 255, true},
    SecretRule{SecretKind::service_key, "slack", "xoxr-", chars::url, 20, 255, true},
    SecretRule{SecretKind::service_key, "slack", "xoxs-", chars::url, 20, 255, true},
    SecretRule{SecretKind::service_key, "slack", "xapp-", chars::url, 20, 255, true},
    SecretRule{SecretKind::service_key, "slack", "hooks.slack.com/services/", chars::alnum | chars::base64, 30, 90},
    SecretRule{SecretKind::service_key, "webhook", "whsec_", chars::alnum | chars::base64, 24, 120},
    SecretRule{SecretKind::service_key, "sendgrid", "SG.", chars::url | chars::dot, 50, 90, true},
    SecretRule{SecretKind::service_key, "npm", "npm_", chars::alnum, 36, 36},
    SecretRule{SecretKind::service_key, "pypi", "pypi-AgE", chars::url, 50, 400},
    SecretRule{SecretKind::cloud_key, "aws", "AKIA", chars::upper | chars::digit, 16, 16},
    SecretRule{SecretKind::cloud_key, "aws", "ASIA", chars::upper | chars::digit, 16, 16},
    SecretRule{SecretKind::cloud_key, "azure", "AccountKey=", chars::alnum | chars::base64, 40, 120},
    SecretRule{SecretKind::cloud_key, "digitalocean", "dop_v1_", chars::hex, 64, 64},
    SecretRule{SecretKind::cloud_key, "databricks", "dapi", chars::hex | chars::dash, 32, 36, true},
    SecretRule{SecretKind::pawl_key, "pawl", "pawl_sk_", chars::url, 20, 255},
};

// All of them (secrets.cc); of two at one place the earlier is meant.
const std::vector<SecretRule>& secret_rules();

}  // namespace pawl::guard
