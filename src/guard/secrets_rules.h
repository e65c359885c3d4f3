// What secrets look like: a table. For secrets*.cc only.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "guard/secrets.h"

namespace pawl::guard {

// Sets of characters, as bits of `class_of`.
namespace chars {
using Set = std::uint8_t;
inline constexpr Set upper = 1, lower = 2, digit = 4, dash = 8, underscore = 16, dot = 32, base64 = 64, hex = 128;
inline constexpr Set alnum = upper | lower | digit;
inline constexpr Set word = alnum | underscore;
inline constexpr Set url = word | dash;

// hex is a–f and 0–9; base64 is + / =.
constexpr Set class_of(char c) {
  Set set = 0;
  if (c >= 'A' && c <= 'Z') set |= upper;
  if (c >= 'a' && c <= 'z') set |= lower;
  if (c >= '0' && c <= '9') set |= digit | hex;
  if (c >= 'a' && c <= 'f') set |= hex;
  if (c == '-') set |= dash;
  if (c == '_') set |= underscore;
  if (c == '.' || c == '~') set |= dot;
  if (c == '+' || c == '/' || c == '=') set |= base64;
  return set;
}
inline constexpr std::array<Set, 256> classes = [] {
  std::array<Set, 256> out{};
  for (int i = 0; i < 256; ++i) out[static_cast<std::size_t>(i)] = class_of(static_cast<char>(i));
  return out;
}();
inline bool in(Set set, char c) {
  return (classes[static_cast<unsigned char>(c)] & set) != 0;
}
}  // namespace chars

// A prefix, then `least` to `most` characters of `body`; one more of them, and it is something else.
struct SecretRule {
  SecretKind kind;
  std::string_view name, prefix;
  chars::Set body;
  std::uint16_t least, most;
  bool mixed = false;  // the body needs a digit and a letter: a weak prefix
};

// Longer prefixes before those that they begin with.
inline constexpr std::array secret_rules = {
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

}  // namespace pawl::guard
