// How artifacts are made, named, used and deleted. Functions of the tables alone, to be called
// inside a write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "regatta/base/clock.h"
#include "regatta/base/result.h"
#include "regatta/tracking/artifact.h"
#include "regatta/tracking/store.h"

namespace regatta::tracking {

inline constexpr std::string_view kLatestAlias = "latest";

// The files of an artifact as its manifest lists them.
struct Manifest {
  // The document without its "contents", to be written again with others.
  std::string frame_json;
  std::vector<ArtifactEntry> entries;
  // Each entry as it stood, by position.
  std::vector<std::string> entries_json;
};

// Errors: kInvalidArgument for what is not a manifest.
Result<Manifest> ParseManifest(std::string_view json);
// `base` with the entries of `change` put over it: an entry without a digest takes its path away.
Manifest MergeManifests(Manifest base, const Manifest& change);
// As a document again.
std::string ManifestJson(const Manifest& manifest);

struct NewArtifact {
  std::string collection;
  std::string type;
  RunId run{};  // none: a person makes it
  UserId creator{};
  std::string digest;
  std::string description;
  std::string metadata_json;
  std::int64_t ttl_seconds = kTtlInherited;
  std::optional<std::int64_t> history_step;
  std::string distributed_id;
  std::string client_id;
  std::vector<std::string> aliases;
  std::vector<std::string> tags;
  // Answer a committed artifact of the same digest instead of making another.
  bool reuses_equal = true;
};

// A pending artifact; or one that is committed already, because its content is the same, which
// then gets the aliases asked for. Makes type and collection where they are missing.
// Errors: kInvalidArgument for names that cannot be, or a collection of another type.
Result<Artifact> CreateArtifact(Tables& tables, const Project& project, const NewArtifact& wanted,
                                Timestamp now);

// The type of that name, made if the project has none.
Result<ArtifactType> FindOrCreateType(Tables& tables, ProjectId project, std::string_view name,
                                      std::string_view description, Timestamp now);

// The manifest row to upload to: the one of before if the artifact has its kind and name already
// and is not put together of several parts.
Result<ArtifactManifest> CreateManifest(Tables& tables, ArtifactManifest wanted, Timestamp now);

// The manifests that make up the artifact's content, in the order in which they are to be merged,
// beginning with the base's where there is one. Errors: kFailedPrecondition if none was uploaded.
Result<std::vector<ArtifactManifest>> ManifestsToMerge(const Tables& tables, ArtifactId artifact);

// Makes the artifact the next version of its sequence, with `manifest` as its content and `blob` as
// its manifest's document; `latest` and the aliases asked for move to it. Without effect on an
// artifact that is committed already.
// Errors: kFailedPrecondition naming a file whose content never came.
Result<Artifact> CommitArtifact(Tables& tables, ArtifactId artifact, const Manifest& manifest,
                                const Blob& blob, Timestamp now);

// Deletes the version: its files go, its index is not used again. `latest` moves to the newest
// version that is left. Errors: kFailedPrecondition if it has other aliases than `latest` and
// `deletes_aliases` is false.
Result<Artifact> DeleteArtifact(Tables& tables, ArtifactId artifact, bool deletes_aliases,
                                Timestamp now);
// Deletes what the run made.
Result<void> DeleteOutputs(Tables& tables, RunId run, Timestamp now);
// Deletes the collection: a sequence with its artifacts, a portfolio alone.
Result<void> DeleteCollection(Tables& tables, CollectionId collection, Timestamp now);
// Deletes versions that have outlived their time.
Result<int> DeleteExpired(Tables& tables, Timestamp now);

// Makes the artifact a member of the portfolio of that name in `project`, which is made if it is
// missing, and moves the aliases to it.
Result<ArtifactMembership> LinkArtifact(Tables& tables, const Project& project,
                                        std::string_view portfolio, ArtifactId artifact,
                                        const std::vector<std::string>& aliases, Timestamp now);
// Errors: kNotFound if it is no member; kFailedPrecondition for its own sequence.
Result<void> UnlinkArtifact(Tables& tables, CollectionId portfolio, ArtifactId artifact);

// The member of the collection that `alias` means: an alias that was given, or "v3", or "latest".
Result<std::optional<ArtifactMembership>> FindMember(const Tables& tables, CollectionId collection,
                                                     std::string_view alias);

// Errors: kInvalidArgument for a text that cannot be an alias; kNotFound if the artifact is not in
// the collection.
Result<void> AddAlias(Tables& tables, CollectionId collection, std::string_view alias,
                      ArtifactId artifact);
// Without effect if the alias is not the artifact's.
Result<void> RemoveAlias(Tables& tables, CollectionId collection, std::string_view alias,
                         ArtifactId artifact);

// `tags` with those of `added` that it does not have, without those of `removed`.
// Errors: kInvalidArgument for a text that cannot be a tag.
Result<std::vector<std::string>> EditTags(std::vector<std::string> tags,
                                          const std::vector<std::string>& added,
                                          const std::vector<std::string>& removed);

// "" if the text can be what it says, else what is wrong with it.
std::string CollectionNameProblem(std::string_view name);
std::string AliasProblem(std::string_view alias);
std::string TagProblem(std::string_view tag);
// "" if it is a lifetime: 1 to kTtlMax seconds, kTtlInherited or kTtlDisabled.
std::string TtlProblem(std::int64_t seconds);

}  // namespace regatta::tracking
