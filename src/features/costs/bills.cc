// Exports of providers.
#include "bills.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/money.h"
#include "base/text.h"
#include "charge.h"
#include "values.h"

namespace pawl::costs {
namespace {

constexpr std::size_t max_bytes = 64U << 20, max_records = 1'000'000, max_problems = 100;

class Reader {
 public:
  explicit Reader(Bills& out) : out_(out) {}
  template <typename... Args>
  void problem(std::string_view where, fmt::format_string<Args...> format, Args&&... args) {
    ++left_out_;
    if (out_.problems.size() < max_problems)
      out_.problems.push_back(fmt::format("{}: {}", where, fmt::format(format, std::forward<Args>(args)...)));
  }
  void add(Bill bill) { out_.records.push_back(std::move(bill)); }
  std::size_t left_out() const { return left_out_; }
  void other() { ++out_.others; }
  // What tells one record of a bucket from another; notes by which fields the export is grouped.
  std::string key_of(const Value& result, std::initializer_list<std::string_view> names) {
    std::string out;
    for (const auto name : names) {
      const Value& value = result[name];
      if (!value.is_null()) grouping_.emplace(name);
      out += (value.kind == Value::Kind::truth ? (value.truth ? "true" : "false") : value.text) + "|";
    }
    return out;
  }
  std::string grouping() const { return join({grouping_.begin(), grouping_.end()}, ","); }

 private:
  Bills& out_;
  std::size_t left_out_ = 0;
  std::set<std::string> grouping_;
};

std::int64_t known(const std::optional<std::int64_t>& count) {
  return count.value_or(0);
}

void openai_usage(Reader& reader, const Value& result, Bill bill) {
  bill.provider = "openai", bill.model = result["model"].text, bill.account = result["project_id"].text;
  bill.tier = result["batch"].truth ? "batch" : result["service_tier"].text;
  if (bill.tier.empty() || bill.tier == "default") bill.tier = "standard";
  const std::string group =
      reader.key_of(result, {"project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source"});
  const auto all = known(result["input_tokens"].count()), read = known(result["input_cached_tokens"].count());
  const auto written = known(result["input_cache_write_tokens"].count());
  const auto plain = result["input_uncached_tokens"].count();
  bool first = true;
  for (const auto& [type, count] :
       {std::pair<const char*, std::int64_t>{"input", plain ? *plain : all - read - written},
        {"cache_read", read},
        {"cache_write", written},
        {"output", known(result["output_tokens"].count())}}) {
    if (count < 0) {
      reader.problem(group, "its parts are more than input_tokens");
      return;
    }
    Bill one = bill;
    one.type = type, one.group = group + type, one.quantity = count;
    if (first) one.requests = result["num_model_requests"].count();
    first = false;
    reader.add(std::move(one));
  }
}

std::string_view type_of_words(std::string_view words) {
  const std::string text = to_lower(words);
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (has("uncached")) return "input";
  if (has("cache") && has("write")) return "cache_write";
  if (has("cache_creation")) return "cache_write";
  if (has("cache")) return "cache_read";
  if (has("output")) return "output";
  if (has("input")) return "input";
  return "other";
}

void openai_costs(Reader& reader, const Value& result, Bill bill) {
  const Value& amount = result["amount"];
  const auto money = parse_dollars(amount["value"].text);
  const std::string item = result["line_item"].text;
  if (!money || to_lower(amount["currency"].text) != "usd")
    return reader.problem(item, "amount must be US dollars: {} {}", amount["value"].text, amount["currency"].text);
  bill.provider = "openai", bill.account = result["project_id"].text, bill.tier = "standard";
  bill.group = reader.key_of(result, {"project_id", "user_id", "api_key_id", "api_source", "line_item"});
  bill.pico = money->pico;
  const auto comma = item.rfind(", ");
  bill.type = comma == std::string::npos ? "tools" : type_of_words(std::string_view(item).substr(comma + 2));
  bill.model = comma == std::string::npos ? "" : item.substr(0, comma);
  bill.quantity = result["quantity"].count();
  if (bill.quantity && result["quantity_unit"].text == "1000_tokens") *bill.quantity *= 1000;
  reader.add(std::move(bill));
}

void anthropic_usage(Reader& reader, const Value& result, Bill bill) {
  bill.provider = "anthropic", bill.model = result["model"].text, bill.account = result["workspace_id"].text;
  bill.tier = result["service_tier"].text.empty() ? "standard" : result["service_tier"].text;
  const std::string group =
      reader.key_of(result, {"api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo"});
  const Value& made = result["cache_creation"];
  for (const auto& [type, name, count] :
       {std::tuple<const char*, const char*, std::int64_t>{"input", "input",
                                                           known(result["uncached_input_tokens"].count())},
        {"cache_read", "cache_read", known(result["cache_read_input_tokens"].count())},
        {"cache_write", "cache_write_5m", known(made["ephemeral_5m_input_tokens"].count())},
        {"cache_write", "cache_write_1h", known(made["ephemeral_1h_input_tokens"].count())},
        {"output", "output", known(result["output_tokens"].count())},
        {"tools", "web_search", known(result["server_tool_use"]["web_search_requests"].count())}}) {
    Bill one = bill;
    one.type = type, one.group = group + name, one.quantity = count;
    reader.add(std::move(one));
  }
}

void anthropic_costs(Reader& reader, const Value& result, Bill bill) {
  const auto cents = parse_dollars(result["amount"].text);
  if (!cents || result["currency"].text != "USD")
    return reader.problem(result["description"].text, "amount must be cents of US dollars: {} {}",
                          result["amount"].text, result["currency"].text);
  bill.provider = "anthropic", bill.model = result["model"].text, bill.account = result["workspace_id"].text;
  bill.tier = result["service_tier"].text.empty() ? "standard" : result["service_tier"].text;
  bill.group = reader.key_of(result, {"workspace_id", "description", "cost_type", "token_type", "model", "service_tier",
                                      "context_window", "inference_geo"});
  bill.type = result["cost_type"].text == "tokens" ? std::string(type_of_words(result["token_type"].text)) : "tools";
  bill.pico = static_cast<std::int64_t>(divided(cents->pico, 100));
  reader.add(std::move(bill));
}

// Pages of buckets: OpenAI tells seconds since 1970, Anthropic times.
Result<void> read_page(const Value& page, Bills& out, Reader& reader) {
  const Value& buckets = page["data"];
  if (buckets.kind != Value::Kind::list) return fail(ErrorKind::invalid, "has no list `data`");
  out.more = page["has_more"].truth;
  for (const Value& bucket : buckets.items) {
    const bool openai = !bucket["start_time"].is_null();
    Bill bill;
    if (openai) {
      bill.from = known(bucket["start_time"].count()) * second, bill.to = known(bucket["end_time"].count()) * second;
    } else {
      bill.from = parse_time(bucket["starting_at"].text).value_or(0);
      bill.to = parse_time(bucket["ending_at"].text).value_or(0);
    }
    if (bill.from <= 0 || bill.to <= bill.from) {
      reader.problem("a bucket", "its start and end are no times");
      continue;
    }
    for (const Value& result : bucket["results"].items) {
      const bool costs = !result["amount"].is_null();
      const std::string source = fmt::format("{}.{}", openai ? "openai" : "anthropic", costs ? "costs" : "usage");
      if (!out.source.empty() && out.source != source)
        return fail(ErrorKind::invalid, "holds {} and {}: import them one by one", out.source, source);
      out.source = source;
      const auto read = openai ? (costs ? openai_costs : openai_usage) : (costs ? anthropic_costs : anthropic_usage);
      read(reader, result, bill);
    }
  }
  out.grouping = reader.grouping();
  return {};
}

bool is_any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return contains_ignoring_case(text, word); });
}

// "Gemini 2.5 Pro GA Text Input - Predictions" → its model: the words before what it is about.
std::string google_model(std::string_view sku) {
  std::string out;
  for (const auto word : split(sku, ' ')) {
    if (word == "GA" || word == "Text" || word == "Input" || word == "Output" || word == "Audio" || word == "Image" ||
        word == "Cached" || word == "Batch" || word == "-")
      break;
    out += (out.empty() ? "" : " ") + std::string(word);
  }
  return out;
}

// Also as BigQuery prints it: "2026-11-20 08:00:00 UTC".
Nanos google_time(std::string text) {
  if (text.ends_with(" UTC")) text.replace(text.size() - 4, 4, "Z");
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  return parse_time(text).value_or(0);
}

void google_line(Reader& reader, const Value& line, std::string_view where) {
  const std::string service = line["service"]["description"].text;
  const bool charge = line["cost_type"].text.empty() || line["cost_type"].text == "regular";
  if (charge && !service.empty() && !is_any_of(service, {"vertex", "gemini", "generative", "ai platform"}))
    return reader.other();
  Bill bill{.from = google_time(line["usage_start_time"].text), .to = google_time(line["usage_end_time"].text)};
  const auto cost = parse_dollars(line["cost"].text);
  if (bill.from == 0 || !cost || line["currency"].text != "USD")
    return reader.problem(where, "wants usage_start_time, cost and currency USD");
  const std::string sku = line["sku"]["description"].text, kind = line["cost_type"].text;
  bill.provider = "google", bill.account = line["project"]["id"].text, bill.tier = "standard";
  if (to_lower(sku).find("batch") != std::string::npos) bill.tier = "batch";
  std::string labels;
  for (const Value& label : line["labels"].items) labels += label["key"].text + "=" + label["value"].text + ",";
  bill.group = fmt::format("{}|{}|{}|{}|{}|{}", line["service"]["id"].text, line["sku"]["id"].text, bill.account,
                           line["location"]["location"].text, kind, labels);
  bill.type = kind == "tax" ? "tax" : kind == "regular" || kind.empty() ? type_of_words(sku) : "adjustment";
  if (bill.type != "tax") bill.model = google_model(sku);
  bill.pico = cost->pico;
  bill.quantity = line["usage"]["amount"].count();
  const std::string group = bill.group;
  reader.add(bill);
  for (const Value& credit : line["credits"].items) {
    const auto amount = parse_dollars(credit["amount"].text);
    if (!amount) {
      reader.problem(where, "a credit's amount is no number");
      continue;
    }
    bill.group = group + "|" + credit["id"].text + credit["name"].text;
    bill.type = "credit", bill.pico = amount->pico, bill.quantity = std::nullopt;
    reader.add(bill);
  }
}

// One record of RFC 4180 from `at` on; nullopt at the end.
std::optional<std::vector<std::string>> csv_record(std::string_view text, std::size_t& at) {
  if (at >= text.size()) return std::nullopt;
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '"' && at + 1 < text.size() && text[at + 1] == '"') {
      cells.back() += text[++at];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      cells.emplace_back();
    } else if (!quoted && c == '\n') {
      ++at;
      break;
    } else if (quoted || c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

// "USE1-AnthropicClaudeSonnet4.5-input-tokens" → its model.
std::string aws_model(std::string_view usage_type) {
  auto text = usage_type.substr(std::min(usage_type.size(), usage_type.find('-') + 1));
  for (const std::string_view word : {"-input", "-output", "-cache", "-Input", "-Output", "-Cache"})
    text = text.substr(0, text.find(word));
  return std::string(text);
}

void aws_line(Reader& reader, const std::map<std::string, std::string>& cell, std::string_view where) {
  const auto get = [&](const char* name) {
    const auto found = cell.find(name);
    return found == cell.end() ? std::string() : found->second;
  };
  if (!get("line_item_product_code").empty() && !is_any_of(get("line_item_product_code"), {"bedrock"}) &&
      !is_any_of(get("line_item_usage_type"), {"token", "bedrock"}))
    return reader.other();
  Bill bill{.from = parse_time(get("line_item_usage_start_date")).value_or(0),
            .to = parse_time(get("line_item_usage_end_date")).value_or(0)};
  const auto cost = parse_dollars(get("line_item_unblended_cost"));
  if (bill.from == 0 || !cost || get("line_item_currency_code") != "USD")
    return reader.problem(where, "wants a start, a cost and the currency USD");
  const std::string kind = get("line_item_line_item_type"), usage = get("line_item_usage_type");
  bill.provider = "aws", bill.account = get("line_item_usage_account_id"), bill.tier = "standard";
  if (to_lower(usage).find("batch") != std::string::npos) bill.tier = "batch";
  bill.group = get("identity_line_item_id");
  if (bill.group.empty())
    bill.group = fmt::format("{}|{}|{}|{}|{}", kind, usage, get("line_item_operation"), get("line_item_resource_id"),
                             bill.account);
  bill.type = kind == "Usage"                        ? std::string(type_of_words(usage))
              : kind == "Tax"                        ? "tax"
              : kind == "Credit" || kind == "Refund" ? "credit"
                                                     : "adjustment";
  if (kind == "Usage") bill.model = aws_model(usage);
  bill.pico = cost->pico;
  if (const auto amount = parse_dollars(get("line_item_usage_amount")); amount && kind == "Usage") {
    const Int128 thousand = get("pricing_unit").starts_with("1K") ? 1000 : 1;
    bill.quantity = static_cast<std::int64_t>(Int128{amount->pico} * thousand / pico_per_dollar);
  }
  reader.add(std::move(bill));
}

// A flattened row of Google's export → the tree that its JSON would have: "sku.description" or "sku_description".
Value tree_of(const std::vector<std::string>& head, const std::vector<std::string>& cells) {
  Value out;
  out.kind = Value::Kind::object;
  const auto put = [](Value& into, std::string_view name, Value value) {
    into.kind = Value::Kind::object;
    into.names.emplace_back(name), into.items.push_back(std::move(value));
  };
  for (std::size_t i = 0; i < head.size(); ++i) {
    Value value;
    value.kind = parse_double(cells[i]) ? Value::Kind::number : Value::Kind::text, value.text = cells[i];
    if (cells[i].starts_with('[')) {
      if (auto list = parse_value(cells[i])) value = std::move(*list);
    }
    const std::string_view name = head[i], parent = name.substr(0, name.find_first_of("._"));
    const bool nested = name.size() > parent.size() + 1 && !name.ends_with("_time") &&
                        is_any_of(parent, {"service", "sku", "project", "location", "usage", "invoice"});
    if (!nested) {
      put(out, name, std::move(value));
      continue;
    }
    auto there = std::ranges::find(out.names, parent);
    if (there == out.names.end()) put(out, parent, {}), there = out.names.end() - 1;
    put(out.items[static_cast<std::size_t>(there - out.names.begin())], name.substr(parent.size() + 1),
        std::move(value));
  }
  return out;
}

Result<void> read_csv(std::string_view text, Bills& out, Reader& reader) {
  std::size_t at = 0;
  const auto head = csv_record(text, at);
  const auto has = [&](std::string_view name) { return head && std::ranges::find(*head, name) != head->end(); };
  const bool google = has("usage_start_time") && has("cost");
  if (!google && !has("line_item_unblended_cost"))
    return fail(ErrorKind::invalid,
                "This is no export that Pawl knows: a page of OpenAI's or Anthropic's usage or costs (JSON), Google's "
                "billing export (JSON lines or CSV) or AWS' Cost and Usage Report 2.0 (CSV).");
  out.source = google ? "google" : "aws";
  for (std::size_t number = 2; auto record = csv_record(text, at); ++number) {
    if (record->size() == 1 && record->front().empty()) continue;
    if (record->size() != head->size()) {
      reader.problem(fmt::format("line {}", number), "has {} cells, not {}", record->size(), head->size());
      continue;
    }
    if (google) {
      google_line(reader, tree_of(*head, *record), fmt::format("line {}", number));
      if (out.records.size() > max_records) return fail(ErrorKind::exhausted, "more than {} records", max_records);
      continue;
    }
    std::map<std::string, std::string> cell;
    for (std::size_t i = 0; i < head->size(); ++i) cell.emplace((*head)[i], std::move((*record)[i]));
    aws_line(reader, cell, fmt::format("line {}", number));
    if (out.records.size() > max_records) return fail(ErrorKind::exhausted, "more than {} records", max_records);
  }
  return {};
}

Result<void> read_lines(std::string_view text, Bills& out, Reader& reader) {
  out.source = "google";
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    const auto value = parse_value(line);
    if (!value)
      reader.problem(fmt::format("line {}", number), "{}", value.error().what);
    else
      google_line(reader, *value, fmt::format("line {}", number));
    if (out.records.size() > max_records) return fail(ErrorKind::exhausted, "more than {} records", max_records);
  }
  return {};
}

// Records of one bucket and group are one: a file may hold a charge and what corrects it.
Result<> add_up(Bills& bills) {
  std::map<std::tuple<Nanos, Nanos, std::string_view>, std::size_t> places;
  std::vector<Bill> whole;
  whole.reserve(bills.records.size());
  for (const Bill& bill : bills.records) {
    const auto [at, fresh] = places.try_emplace({bill.from, bill.to, bill.group}, whole.size());
    if (fresh) {
      whole.push_back(bill);
      continue;
    }
    Bill& sum = whole[at->second];
    for (const auto part : {&Bill::quantity, &Bill::requests, &Bill::pico}) {
      if (!(bill.*part)) continue;
      std::int64_t both = 0;
      if (__builtin_add_overflow((sum.*part).value_or(0), *(bill.*part), &both))
        return fail(ErrorKind::invalid, "The sums of {} are too large.", bill.group);
      sum.*part = both;
    }
  }
  bills.records = std::move(whole);
  return {};
}

}  // namespace

Result<Bills> read_bills(std::string_view text) {
  if (text.size() > max_bytes) return fail(ErrorKind::exhausted, "An export may have 64 MB.");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Bills out;
  Reader reader(out);
  const auto first = trim(text);
  if (!first.starts_with('{')) {
    TRY(read_csv(text, out, reader));
  } else if (const auto page = parse_value(text); page && !(*page)["data"].is_null()) {
    TRY(read_page(*page, out, reader));
    if (out.source.empty() && reader.left_out() == 0) out.source = "empty";
  } else if (first.substr(0, first.find('\n')).find("usage_start_time") != std::string_view::npos) {
    TRY(read_lines(text, out, reader));
  } else {
    return fail(ErrorKind::invalid, "This JSON is no export that Pawl knows ({}).",
                page ? "it has neither `data` nor `usage_start_time`" : page.error().what);
  }
  TRY(add_up(out));
  return out;
}

std::string comparable(std::string_view model) {
  std::string text = to_lower(model);
  if (const auto slash = text.rfind('/'); slash != std::string::npos) text.erase(0, slash + 1);
  for (const std::string_view maker : {"anthropic.", "anthropic", "us.", "eu.", "apac.", "global."})
    if (text.starts_with(maker) && text.size() > maker.size()) text.erase(0, maker.size());
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digits = text.find_first_not_of("0123456789", i) - i;
    if (text.substr(i, 2) == "20" && std::min(digits, text.size() - i) == 8) break;  // -20250929
    if (text.substr(i, 2) == "20" && i + 10 <= text.size() && text[i + 4] == '-' && text[i + 7] == '-') break;
    const char c = text[i];
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
  }
  return out;
}

}  // namespace pawl::costs
