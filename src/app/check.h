// What can be wrong with an installation, looked at: the findings of `pawl doctor`.
#pragma once
#include <string>
#include <vector>

#include "config.h"
#include "store/warehouse/warehouse.h"

namespace pawl::app {

// One line of what was looked at.
struct Finding {
  std::string what, found;
  bool good = true;
};

enum class Repair { none, damaged, always };  // of the text index

void look_at_disk(const std::string& data, std::vector<Finding>& out);
void look_at_system(std::vector<Finding>& out);                            // clock, descriptors, processor
void look_at_journal(const std::string& data, std::vector<Finding>& out);  // takes its lock: not beside a server
void look_at_ledger(const std::string& data, std::vector<Finding>& out);   // with the quarantine
// Every part against its checksums; the schema's steps; full text against a scan. A text index that is damaged, or that
// misses words, can be built anew; all other damage is only said. Minutes for large tables.
void look_at_warehouse(warehouse::Warehouse& warehouse, Repair repair, std::vector<Finding>& out);
// Who listens on the ports of the settings: this installation's server, another program, nobody.
void look_at_ports(const Config& config, std::vector<Finding>& out);

std::string findings_json(const std::vector<Finding>& findings);
std::string findings_text(const std::vector<Finding>& findings);
bool all_good(const std::vector<Finding>& findings);

}  // namespace pawl::app
