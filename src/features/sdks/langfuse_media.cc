// Langfuse: media. An upload is announced, its bytes come to a signed address, and are kept once as a blob.
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::sdks {
namespace {

constexpr std::uint64_t most_bytes = 64U << 20;
constexpr Nanos token_life = hour;

struct Media {
  std::string id, digest, type;
  std::int64_t bytes = 0, announced = 0, uploaded = 0;
};

// What an address allows, for an hour: "up" to bring these bytes, "down" to read them.
std::string signature(const Sdks::Inside& inside, std::string_view what, ProjectId project, const Media& media,
                      Nanos expires) {
  const std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", what, project, media.id, media.digest, media.bytes,
                                       media.type, expires);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), inside.options.secret.data(), static_cast<int>(inside.options.secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return to_hex(std::string_view(reinterpret_cast<const char*>(mac), size));
}

// All that is signed stands in the address: it is checked before a byte of the body is read.
std::string address(const Sdks::Inside& inside, std::string_view what, ProjectId project, const Media& media) {
  const Nanos expires = inside.clock.now() + token_life;
  return fmt::format("{}/_blob/{}?project={}&expires={}&bytes={}&sha256={}&type={}&signature={}",
                     inside.options.public_url(), media.id, project, expires, media.bytes, media.digest,
                     percent_encode(media.type), signature(inside, what, project, media, expires));
}

Result<std::optional<Media>> find(Sdks::Inside& inside, ProjectId project, std::string_view id) {
  const auto rows = TRY(inside.parts.ledger.read(
      "SELECT id, digest, type, bytes, announced, uploaded FROM media WHERE project = ? AND id = ?",
      {std::int64_t{project}, std::string(id)}));
  if (rows.size() == 0) return std::nullopt;
  return Media{rows.text(0, 0),    rows.text(0, 1),    rows.text(0, 2),
               rows.integer(0, 3), rows.integer(0, 4), rows.integer(0, 5)};
}

Result<Media> known(Sdks::Inside& inside, ProjectId project, std::string_view id) {
  auto media = TRY(find(inside, project, id));
  if (!media) return fail(ErrorKind::not_found, "There is no media {} in this project.", id);
  return std::move(*media);
}

Result<Media> announced(const Doc& doc, Nanos now) {
  const auto digest = from_base64(doc.text("sha256Hash"));
  if (!digest || digest->size() != 32) return fail(ErrorKind::invalid, "sha256Hash must be a SHA-256 in base64.");
  const auto bytes = doc.number("contentLength").value_or(0);
  if (bytes <= 0) return fail(ErrorKind::invalid, "contentLength must be a number from 1.");
  if (static_cast<std::uint64_t>(bytes) > most_bytes)
    return fail(ErrorKind::exhausted, "Media of more than {} bytes are not kept.", most_bytes);
  const auto type = doc.text("contentType");
  if (type.empty() || type.size() > 100 || type.find_first_of("\r\n\"") != std::string::npos)
    return fail(ErrorKind::invalid, "contentType is missing or none.");
  return Media{to_base64url(*digest).substr(0, 22), to_hex(std::string_view(*digest)), type, bytes, now, 0};
}

Result<net::Response> announce(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  auto media = TRY(announced(doc, inside.clock.now()));
  if (doc.text("traceId").empty() && doc.text("datasetItemId").empty())
    return fail(ErrorKind::invalid, "traceId, or datasetId and datasetItemId, are needed.");
  if (const auto before = TRY(find(inside, project, media.id))) media.uploaded = before->uploaded;
  TRY(inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run(
        "INSERT INTO media (project, id, digest, type, bytes, announced, uploaded, status, error) VALUES (?, ?, ?, "
        "?, ?, ?, 0, 0, '') ON CONFLICT (project, id) DO UPDATE SET announced = excluded.announced, type = "
        "iif(uploaded = 0, excluded.type, type), bytes = iif(uploaded = 0, excluded.bytes, bytes)",
        {std::int64_t{project}, media.id, media.digest, media.type, media.bytes, media.announced}));
    TRY(
        t.run("INSERT OR IGNORE INTO media_places (project, media, trace_id, span_id, dataset, item, field) VALUES (?, "
              "?, ?, ?, ?, ?, ?)",
              {std::int64_t{project}, media.id, doc.text("traceId"), doc.text("observationId"), doc.text("datasetId"),
               doc.text("datasetItemId"), doc.text("field")}));
    return {};
  }));
  JsonWriter json;
  json.object().field("mediaId", media.id).key("uploadUrl");
  media.uploaded != 0 ? json.null() : json.value(address(inside, "up", project, media));
  return net::Response::json(json.end().take(), 201);
}

// What a signed address allows; without a signature, in local mode, anything of the default project. Looks at nothing
// but the address.
struct Allowed {
  ProjectId project = projects::default_project;
  std::optional<Media> media;  // as it was announced
};
Result<Allowed> allowed(const Sdks::Inside& inside, const net::Request& request, std::string_view what) {
  const auto given = request.query.get("signature");
  const auto project = parse_int(request.query.get("project")), expires = parse_int(request.query.get("expires"));
  const auto bytes = parse_int(request.query.get("bytes"));
  if (given.empty() && inside.options.local) return Allowed{};
  if (given.empty() || !project || !expires || !bytes || *project < 0 || *project > 0xFFFFFFFFLL)
    return fail(ErrorKind::denied, "This address is not signed. Ask for one with POST /api/public/media.");
  Allowed out{.project = static_cast<ProjectId>(*project),
              .media = Media{.id = std::string(request.capture("media_id")),
                             .digest = std::string(request.query.get("sha256")),
                             .type = std::string(request.query.get("type")),
                             .bytes = *bytes}};
  const std::string right = signature(inside, what, out.project, *out.media, *expires);
  const bool same = right.size() == given.size() && CRYPTO_memcmp(right.data(), given.data(), right.size()) == 0;
  if (!same) return fail(ErrorKind::denied, "The signature of this address is wrong.");
  if (*expires < inside.clock.now()) return fail(ErrorKind::denied, "This address has expired. Ask for a new one.");
  return out;
}

Result<std::size_t> may_upload(const Sdks::Inside& inside, const net::Request& request) {
  const auto address = TRY(allowed(inside, request, "up"));
  return address.media ? static_cast<std::size_t>(std::max<std::int64_t>(1, address.media->bytes)) : most_bytes;
}

Result<net::Response> upload(Sdks::Inside& inside, const net::Request& request) {
  const ProjectId project = TRY(allowed(inside, request, "up")).project;
  const auto media = TRY(known(inside, project, request.capture("media_id")));
  if (media.uploaded != 0) return net::Response::text("");  // the same bytes again: they are there
  const auto id = blobs::id_of(request.body);
  if (request.body.size() != static_cast<std::size_t>(media.bytes) || blobs::to_hex(id) != media.digest)
    return fail(ErrorKind::invalid, "These are not the bytes that were announced: {} bytes with another SHA-256 came.",
                request.body.size());
  TRY(inside.parts.blobs.put(request.body));
  TRY(inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE media SET uploaded = ? WHERE project = ? AND id = ?",
              {inside.clock.now(), std::int64_t{project}, media.id}));
    return {};
  }));
  return net::Response::text("");
}

Result<net::Response> uploaded(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  const auto media = TRY(known(inside, project, request.capture("media_id")));
  TRY(inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run(
        "UPDATE media SET status = ?, error = ? WHERE project = ? AND id = ?",
        {doc.number("uploadHttpStatus").value_or(0), doc.text("uploadHttpError"), std::int64_t{project}, media.id}));
    return {};
  }));
  return net::Response::json("{}");
}

Result<net::Response> get(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto media = TRY(known(inside, project, request.capture("media_id")));
  if (media.uploaded == 0)
    return fail(ErrorKind::not_found, "The bytes of media {} have not come.", request.capture("media_id"));
  JsonWriter json;
  json.object().field("mediaId", media.id).field("contentType", media.type).field("contentLength", media.bytes);
  write_iso(json, "uploadedAt", media.uploaded);
  json.field("url", address(inside, "down", project, media));
  write_iso(json, "urlExpiry", inside.clock.now() + token_life);
  return net::Response::json(json.end().take());
}

// Shown in the page only what no browser runs; everything else is a download.
net::Response bytes_of(const Media& media, std::string bytes) {
  constexpr std::string_view shown[] = {"image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif"};
  const bool safe = media.type.starts_with("audio/") || std::ranges::find(shown, media.type) != std::end(shown);
  auto response =
      net::Response::bytes(safe ? std::string_view(media.type) : "application/octet-stream", std::move(bytes));
  response.headers.set("content-security-policy", "sandbox; default-src 'none'");
  response.headers.set("content-disposition", safe ? "inline" : "attachment");
  response.headers.set("cache-control", "private, max-age=3600");
  return response;
}

Result<net::Response> serve(Sdks::Inside& inside, ProjectId project, const net::Request& request) {
  const auto media = TRY(known(inside, project, request.capture("media_id")));
  const auto digest = blobs::blob_id_from_hex(media.digest);
  if (media.uploaded == 0 || !digest)
    return fail(ErrorKind::not_found, "The bytes of media {} have not come.", request.capture("media_id"));
  return bytes_of(media, TRY(inside.parts.blobs.get(*digest)));
}

Result<net::Response> download(Sdks::Inside& inside, const net::Request& request) {
  return serve(inside, TRY(allowed(inside, request, "down")).project, request);
}

Result<net::Response> show(Sdks::Inside& inside, const net::Request& request) {
  return serve(inside, access_of(request).project, request);
}

}  // namespace

void add_langfuse_media(Sdks::Inside& inside) {
  const auto to = [&](Spec spec) { add(inside, Dialect::langfuse, std::move(spec)); };
  to({.method = "POST",
      .pattern = "/api/public/media",
      .permission = "ingest",
      .work = announce,
      .summary = "Langfuse: announces media; the answer is where its bytes go, null where they are here",
      .accepts = "what Langfuse's clients say of media before its bytes",
      .answers = "mediaId and uploadUrl"});
  to({.method = "GET",
      .pattern = "/api/public/media/{media_id}",
      .permission = "read",
      .work = get,
      .summary = "Langfuse: media, and an address that shows it for an hour"});
  to({.method = "PATCH",
      .pattern = "/api/public/media/{media_id}",
      .permission = "ingest",
      .work = uploaded,
      .summary = "Langfuse: how the upload went"});
  to({.method = "PUT",
      .pattern = "/_blob/{media_id}",
      .permission = "public",
      .work = upload,
      .summary = "The bytes of announced media, by a signed address",
      .body_bytes = most_bytes,
      .check_head = may_upload});
  to({.method = "GET",
      .pattern = "/_blob/{media_id}",
      .permission = "public",
      .work = download,
      .summary = "The bytes of media, by a signed address"});
  to({.method = "GET",
      .pattern = "/api/v1/media/{media_id}",
      .permission = "read",
      .work = show,
      .summary = "The bytes of media that telemetry refers to",
      .answers = "the bytes"});
}

}  // namespace pawl::sdks
