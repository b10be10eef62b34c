// Manifests: reading, merging and writing the lists of an artifact's files.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "regatta/tracking/artifact_rules.h"
#include "regatta/tracking/extended_json.h"

namespace regatta::tracking {
namespace {

constexpr std::string_view kContents = "contents";

// A parse that keeps the order of the entries, which is the order of listings.
using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<Manifest> ParseManifest(std::string_view json) {
  std::optional<Json> document = ParseOrderedJson(json);
  if (!document || !document->is_object()) {
    return InvalidArgument("the manifest is not a JSON object, or nests deeper than 200 levels");
  }
  const auto found = document->find(kContents);
  if (found == document->end() || !found->is_object()) {
    return InvalidArgument("the manifest has no \"contents\" object");
  }
  Manifest manifest;
  for (const auto& [path, entry] : found->items()) {
    if (!entry.is_object()) {
      return InvalidArgument(
          fmt::format("the manifest's entry \"{}\" is no object", path.substr(0, 200)));
    }
    ArtifactEntry line{.path = path,
                       .digest = TextOf(entry, "digest"),
                       .reference = TextOf(entry, "ref"),
                       .birth_artifact = TextOf(entry, "birthArtifactID")};
    const auto size = entry.find("size");
    if (size != entry.end() && size->is_number_integer()) {
      line.size = std::max<std::int64_t>(0, size->get<std::int64_t>());
    }
    manifest.entries.push_back(std::move(line));
    manifest.entries_json.push_back(Dump(entry));
  }
  document->erase(found);
  manifest.frame_json = Dump(*document);
  return manifest;
}

Manifest MergeManifests(Manifest base, const Manifest& change) {
  std::unordered_map<std::string_view, std::size_t> changed;
  for (std::size_t i = 0; i < change.entries.size(); ++i) changed[change.entries[i].path] = i;
  Manifest merged;
  if (change.frame_json.empty()) {
    merged.frame_json = std::move(base.frame_json);
  } else {
    merged.frame_json = change.frame_json;
  }
  const auto add = [&](const ArtifactEntry& entry, const std::string& json) {
    if (entry.digest.empty()) return;
    merged.entries.push_back(entry);
    merged.entries_json.push_back(json);
  };
  for (std::size_t i = 0; i < base.entries.size(); ++i) {
    const auto found = changed.find(base.entries[i].path);
    if (found == changed.end()) {
      add(base.entries[i], base.entries_json[i]);
      continue;
    }
    add(change.entries[found->second], change.entries_json[found->second]);
    changed.erase(found);
  }
  for (std::size_t i = 0; i < change.entries.size(); ++i) {
    if (changed.contains(change.entries[i].path)) add(change.entries[i], change.entries_json[i]);
  }
  return merged;
}

std::string ManifestJson(const Manifest& manifest) {
  std::string json = manifest.frame_json;
  const bool is_bare = json.size() <= 2;
  json.pop_back();
  json += is_bare ? "\"contents\":{" : ",\"contents\":{";
  for (std::size_t i = 0; i < manifest.entries.size(); ++i) {
    if (i > 0) json += ',';
    json += Dump(Json(manifest.entries[i].path));
    json += ':';
    json += manifest.entries_json[i];
  }
  json += "}}";
  return json;
}

}  // namespace regatta::tracking
