// Any bytes as a file of an export, in every form and by every reader: rows or a reason, and items that are JSON.
#include <cstdint>

#include "dump_store.h"
#include "items.h"
#include "llm/json_scan.h"
#include "media.h"
#include "rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  if (size < 2) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  static_cast<void>(imports::sniff(text));
  // What a file or a store calls its table decides how a row is read; a byte of the input says it here.
  constexpr std::string_view tables[] = {"",         "prompts",       "datasets",          "dataset_items",
                                         "comments", "public.scores", "dataset_run_items", "public.dataset_runs"};
  const std::string_view table = tables[(data[1] / 4) % std::size(tables)];
  const imports::MediaFiles media;
  if (data[1] % 4 == 3) static_cast<void>(imports::load_dump(imports::text_bytes(text, data[0] + 1U), "a dump"));
  auto bytes = imports::text_bytes(text, data[0] + 1U);
  auto rows = data[1] % 4 == 0   ? imports::json_rows(std::move(bytes))
              : data[1] % 4 == 1 ? imports::csv_rows(std::move(bytes))
                                 : imports::dump_rows(std::move(bytes));
  const std::unique_ptr<imports::Reader> readers[] = {imports::langfuse_reader(""), imports::langsmith_reader(""),
                                                      imports::phoenix_reader(""), imports::mlflow_reader("")};
  imports::Row row;
  for (std::size_t count = 0;; ++count) {
    const auto more = rows->next(row);
    if (!more || !*more) return 0;
    PAWL_CHECK(count <= size, "more rows than bytes");
    PAWL_CHECK(row.bad.empty() != row.json.empty(), "a row is good or bad");
    if (!row.bad.empty()) continue;
    if (!table.empty()) row.table = table;
    for (const auto& reader : readers) {
      for (const auto pass : imports::passes) {
        imports::Mapped out;
        out.pass = pass;
        reader->read(row, out);
        media.read(out);
        for (const auto& item : out.items) PAWL_CHECK(llm::json::is_valid(item.json), "{}", item.json);
      }
    }
  }
}
