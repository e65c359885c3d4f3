// `pawl connect CLIENT`: what a client must be told to send here, as lines to paste or put into its settings file.
// Pure: text in, text out; connect_command.cc has the files and the wire.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::app {

// In values: {url} the server, {host} its host and port, {key} the key, {id} the key's name for Basic, {project}.
struct ConnectSetting {
  std::string_view name;   // variable, or path in the file: "env/OTEL_LOGS_EXPORTER"
  std::string_view value;  // of variables the text, of files the JSON or TOML
  bool keyed = false;      // only where there is a key
};

struct ConnectClient {
  enum class Form : std::uint8_t { variables, json, toml, code };
  enum class Probe : std::uint8_t { otlp, langfuse, langsmith, openai_agents };
  std::string_view name, title;
  Form form = Form::variables;
  std::string_view file;  // below the home directory ("~/…"), or in the working one
  Probe probe = Probe::otlp;
  std::string_view path;   // where spans go, below {url}
  std::string_view scope;  // of the test span, so that it is read as this client's
  std::span<const ConnectSetting> settings;
  std::string_view code;   // lines of the program, where no variable exists
  std::string_view then;   // what to do next, a sentence
  std::string_view guide;  // page in docs/guides/connect
};
std::span<const ConnectClient> connect_clients();
const ConnectClient* connect_client(std::string_view name);

struct ConnectTo {
  std::string url, key, id, project;
};
// The client's settings with their values; code is one entry without a name.
std::vector<std::pair<std::string, std::string>> connect_values(const ConnectClient& client, const ConnectTo& to);
// Lines to paste.
std::string connect_lines(const ConnectClient& client, const ConnectTo& to);

// The file's text with the settings in it; everything else byte for byte as it was. The same text where nothing is to
// be changed. `invalid` where the text is not what the client reads, with the line.
Result<std::string> put_settings(const ConnectClient& client, const ConnectTo& to, std::string_view text);
// Lines that differ, with - and + in front, three lines of context around them.
std::string difference(std::string_view before, std::string_view after);

}  // namespace pawl::app
